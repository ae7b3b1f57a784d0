//! Code as text, the same whichever compiler reads it, so that two templates can be compared.

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// `order.items[0].id`, `f(a, b)`: a space only where words would run together, and behind a comma.
pub(super) fn code(tokens: TokenStream) -> String {
    let mut out = String::new();
    write(tokens, &mut out);
    out
}

fn write(tokens: TokenStream, out: &mut String) {
    for token in tokens {
        match token {
            TokenTree::Group(group) => {
                let (open, close) = match group.delimiter() {
                    Delimiter::Parenthesis => ("(", ")"),
                    Delimiter::Bracket => ("[", "]"),
                    Delimiter::Brace => ("{", "}"),
                    Delimiter::None => ("", ""),
                };
                out.push_str(open);
                write(group.stream(), out);
                out.push_str(close);
            }
            TokenTree::Punct(punct) => {
                out.push(punct.as_char());
                if punct.as_char() == ',' {
                    out.push(' ');
                }
            }
            word @ (TokenTree::Ident(_) | TokenTree::Literal(_)) => {
                if out.ends_with(|last: char| last.is_alphanumeric() || matches!(last, '_' | '"' | '\'')) {
                    out.push(' ');
                }
                out.push_str(&word.to_string());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_is_written_without_the_spaces_of_its_source() {
        for (source, text) in [
            ("order . items [ 0 ] . id", "order.items[0].id"),
            ("f( a ,b)", "f(a, b)"),
            ("id as u64", "id as u64"),
            ("if vip { 1 } else { 2 }", "if vip{1}else{2}"),
            ("x . map ( | i | i . id )", "x.map(|i|i.id)"),
            ("concat!(\"a b\", 'c')", "concat!(\"a b\", 'c')"),
        ] {
            assert_eq!(code(source.parse().unwrap()), text);
        }
    }
}
