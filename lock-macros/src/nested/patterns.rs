//! The patterns inside of a pattern.

use syn::Pat;

/// The patterns that `pat` is made of, without what they are made of in turn.
pub(crate) fn patterns(pat: &Pat) -> Vec<&Pat> {
    match pat {
        Pat::Guard(guard) => vec![&guard.pat],
        Pat::Ident(ident) => ident.subpat.iter().map(|(_, inner)| &**inner).collect(),
        Pat::Or(or) => or.cases.iter().collect(),
        Pat::Paren(paren) => vec![&paren.pat],
        Pat::Reference(reference) => vec![&reference.pat],
        Pat::Slice(slice) => slice.elems.iter().collect(),
        Pat::Struct(fields) => fields.fields.iter().map(|field| &*field.pat).collect(),
        Pat::Tuple(tuple) => tuple.elems.iter().collect(),
        Pat::TupleStruct(tuple) => tuple.elems.iter().collect(),
        Pat::Type(typed) => vec![&typed.pat],
        _ => Vec::new(),
    }
}

/// The patterns that `pat` is made of, to be changed.
pub(crate) fn patterns_mut(pat: &mut Pat) -> Vec<&mut Pat> {
    match pat {
        Pat::Guard(guard) => vec![&mut guard.pat],
        Pat::Ident(ident) => ident.subpat.iter_mut().map(|(_, inner)| &mut **inner).collect(),
        Pat::Or(or) => or.cases.iter_mut().collect(),
        Pat::Paren(paren) => vec![&mut paren.pat],
        Pat::Reference(reference) => vec![&mut reference.pat],
        Pat::Slice(slice) => slice.elems.iter_mut().collect(),
        Pat::Struct(fields) => fields.fields.iter_mut().map(|field| &mut *field.pat).collect(),
        Pat::Tuple(tuple) => tuple.elems.iter_mut().collect(),
        Pat::TupleStruct(tuple) => tuple.elems.iter_mut().collect(),
        Pat::Type(typed) => vec![&mut typed.pat],
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use quote::ToTokens;
    use syn::parse::Parser;

    use super::*;

    fn text(tokens: impl ToTokens) -> String {
        tokens.to_token_stream().to_string().replace(' ', "")
    }

    #[test]
    fn every_kind_of_pattern_gives_up_its_parts() {
        for (pat, inner) in [
            ("a @ B(c)", "B(c)"),
            ("A(a) | B(a)", "A(a) B(a)"),
            ("(a)", "a"),
            ("&a", "a"),
            ("[a, .., b]", "a .. b"),
            ("P { a, b: (c, _), .. }", "a (c,_)"),
            ("(a, _)", "a _"),
            ("T(a, B { c })", "a B{c}"),
            ("_", ""),
            ("1..=3", ""),
            ("A::B", ""),
        ] {
            let mut pat = Pat::parse_multi.parse_str(pat).unwrap();
            let parts: Vec<_> = patterns(&pat).into_iter().map(text).collect();
            assert_eq!(parts.join(" "), inner);
            let parts: Vec<_> = patterns_mut(&mut pat).into_iter().map(text).collect();
            assert_eq!(parts.join(" "), inner);
        }
    }
}
