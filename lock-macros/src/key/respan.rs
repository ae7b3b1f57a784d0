//! Code that stood in a string literal gets spans.

use proc_macro2::{Group, Ident, Span, TokenStream, TokenTree};
use syn::Expr;

use super::unreadable;
use crate::function::Parameters;

/// Reads `code` as an expression whose messages point at `literal`.
///
/// On stable nothing can point inside of a literal. With the literal's own span rustc would offer to replace the whole
/// string by a field's name; with the call site's, located there, it points without an offer. A parameter's name
/// resolves where the parameter stands, so that it is found in a function that a macro made.
pub(crate) fn expression(code: &str, literal: Span, parameters: &Parameters) -> syn::Result<Expr> {
    let unreadable = |_| {
        let instead =
            unreadable::instead(code, parameters).map_or_else(String::new, |instead| format!(": {instead}"));
        syn::Error::new(literal, format!("cannot read `{code}` as an expression{instead}"))
    };
    let tokens: TokenStream =
        code.parse().map_err(|error: proc_macro2::LexError| unreadable(error.to_string()))?;
    let span = Span::call_site().located_at(literal);
    syn::parse2(respan(tokens, span, parameters)).map_err(|error: syn::Error| unreadable(error.to_string()))
}

fn respan(tokens: TokenStream, span: Span, parameters: &Parameters) -> TokenStream {
    let each = |tree| match tree {
        TokenTree::Group(group) => {
            let mut respanned = Group::new(group.delimiter(), respan(group.stream(), span, parameters));
            respanned.set_span(span);
            TokenTree::Group(respanned)
        }
        TokenTree::Ident(mut ident) => {
            ident.set_span(resolved(&ident, span, parameters));
            TokenTree::Ident(ident)
        }
        mut other => {
            other.set_span(span);
            other
        }
    };
    tokens.into_iter().map(each).collect()
}

fn resolved(ident: &Ident, span: Span, parameters: &Parameters) -> Span {
    let binding = parameters.bindings.iter().find(|binding| binding.ident == *ident);
    binding.map_or(span, |binding| span.resolved_at(binding.ident.span()))
}
