//! The parameters as arguments: what a fallback is called with.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote_spanned};
use syn::{FieldPat, FnArg, Pat, Signature};

use super::parameters::{cfgs, is_unnamed};

/// An argument, with the parameter's `#[cfg]`s.
pub(crate) struct Rebuilt {
    pub(crate) value: TokenStream,
    pub(crate) cfgs: TokenStream,
}

/// Why a parameter cannot be passed on.
pub(crate) struct Unpassable {
    pub(crate) pattern: TokenStream,
    pub(crate) message: String,
}

/// The typed parameters of `sig`, without `self`, each pattern turned back into the expression that it takes apart.
pub(crate) fn rebuilt(sig: &Signature) -> Result<Vec<Rebuilt>, Vec<Unpassable>> {
    let mut wrong = Vec::new();
    let mut arguments = Vec::new();
    for input in &sig.inputs {
        let FnArg::Typed(typed) = input else { continue };
        match expression(&typed.pat) {
            Ok(value) => arguments.push(Rebuilt { value, cfgs: cfgs(&typed.attrs) }),
            Err(unpassable) => wrong.push(unpassable),
        }
    }
    if wrong.is_empty() { Ok(arguments) } else { Err(wrong) }
}

fn expression(pat: &Pat) -> Result<TokenStream, Unpassable> {
    let refused = |what: &str| {
        Err(Unpassable {
            pattern: pat.to_token_stream(),
            message: format!(
                "`on_busy` calls a function with the same arguments, and {what} cannot be put together again: name the \
                 parameter here, and take it apart in the body"
            ),
        })
    };
    Ok(match pat {
        Pat::Ident(ident) if ident.by_ref.is_some() => return refused("what `ref` borrows from"),
        Pat::Ident(ident) if ident.subpat.is_some() && !is_unnamed(&ident.ident) => {
            return refused("what stands beside an `@`");
        }
        Pat::Ident(ident) => ident.ident.to_token_stream(),
        Pat::Paren(paren) => expression(&paren.pat)?,
        Pat::Path(path) => path.to_token_stream(),
        Pat::Reference(reference) => {
            let (and, mutability) = (&reference.and_token, &reference.mutability);
            let inner = expression(&reference.pat)?;
            quote_spanned!(Span::mixed_site()=> #and #mutability #inner)
        }
        Pat::Tuple(tuple) => {
            let elements = tuple.elems.iter().map(expression).collect::<Result<Vec<_>, _>>()?;
            quote_spanned!(Span::mixed_site()=> (#(#elements,)*))
        }
        Pat::TupleStruct(tuple) => {
            let path = &tuple.path;
            let elements = tuple.elems.iter().map(expression).collect::<Result<Vec<_>, _>>()?;
            quote_spanned!(Span::mixed_site()=> #path(#(#elements),*))
        }
        Pat::Slice(slice) => {
            let elements = slice.elems.iter().map(expression).collect::<Result<Vec<_>, _>>()?;
            quote_spanned!(Span::mixed_site()=> [#(#elements),*])
        }
        Pat::Struct(fields) if fields.rest.is_some() => return refused("what `..` leaves out"),
        Pat::Struct(fields) => {
            let path = &fields.path;
            let each = fields.fields.iter().map(field).collect::<Result<Vec<_>, _>>()?;
            quote_spanned!(Span::mixed_site()=> #path { #(#each),* })
        }
        Pat::Rest(_) => return refused("what `..` leaves out"),
        Pat::Wild(_) => return refused("what `_` leaves behind a reference"),
        _ => return refused("this pattern"),
    })
}

fn field(field: &FieldPat) -> Result<TokenStream, Unpassable> {
    let (member, value) = (&field.member, expression(&field.pat)?);
    if field.colon_token.is_none() {
        return Ok(value);
    }
    Ok(quote_spanned!(Span::mixed_site()=> #member: #value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::function::Parameters;

    fn arguments(text: &str) -> Result<String, usize> {
        let mut sig: Signature = syn::parse_str(text).unwrap();
        Parameters::take(&mut sig);
        let rebuilt = rebuilt(&sig).map_err(|wrong| wrong.len())?;
        Ok(rebuilt
            .iter()
            .map(|argument| argument.value.to_string().replace(' ', ""))
            .collect::<Vec<_>>()
            .join(";"))
    }

    #[test]
    fn patterns_are_put_together_again() {
        assert_eq!(
            arguments("fn f(&self, mut a: A, (b, mut c): (B, C), _: D)").unwrap(),
            "a;(b,c,);__unnamed_0"
        );
        assert_eq!(arguments("fn f(G(_): G, (_, ..): T)").unwrap(), "__unnamed_0;__unnamed_1");
        assert_eq!(
            arguments("fn f(Path(id): Path<u64>, S { x, y: (p,), z: _ }: S)").unwrap(),
            "Path(id);S{x,y:(p,),z:__unnamed_0}"
        );
        assert_eq!(arguments("fn f(&x: &u64, [a, b]: [u8; 2], Unit: Unit)").unwrap(), "&x;[a,b];Unit");
    }

    #[test]
    fn what_is_not_all_there_is_refused() {
        assert_eq!(arguments("fn f((a, ..): T, S { x, .. }: S, ref b: B, c @ (d, _): U, &_: &V)"), Err(5));
    }
}
