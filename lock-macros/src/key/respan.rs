//! Code that stood in a string literal gets spans.

use proc_macro2::{Group, Ident, Span, TokenStream, TokenTree};
use syn::Expr;

use super::unreadable;
use crate::function::Parameters;
use crate::suggest::closest;

/// Reads `code` as an expression whose messages point at `literal`.
///
/// On stable nothing can point inside of a literal. The call site's span, located at the literal, points there without an offer:
/// whatever rustc offered would replace the whole string. A parameter's name resolves where the parameter stands, so that it is
/// found in a function that a macro made.
///
/// A field's or method's name has the literal's own span: only there does rustc say which similar name there is, or which fields
/// there are. That name replaces the string in what it offers, so it is no program: not where a parameter has a similar name.
pub(crate) fn expression(code: &str, literal: Span, parameters: &Parameters) -> syn::Result<Expr> {
    let unreadable = |_| {
        let instead =
            unreadable::instead(code, parameters).map_or_else(String::new, |instead| format!(": {instead}"));
        syn::Error::new(literal, format!("cannot read `{code}` as an expression{instead}"))
    };
    let tokens: TokenStream =
        code.parse().map_err(|error: proc_macro2::LexError| unreadable(error.to_string()))?;
    let tokens = Respan { literal, parameters }.tokens(tokens);
    syn::parse2(tokens).map_err(|error: syn::Error| unreadable(error.to_string()))
}

struct Respan<'a> {
    literal: Span,
    parameters: &'a Parameters,
}

impl Respan<'_> {
    fn tokens(&self, tokens: TokenStream) -> TokenStream {
        let span = Span::call_site().located_at(self.literal);
        let mut dots = 0;
        let each = |tree| {
            let behind_a_dot = std::mem::take(&mut dots) == 1;
            match tree {
                TokenTree::Group(group) => {
                    let mut respanned = Group::new(group.delimiter(), self.tokens(group.stream()));
                    respanned.set_span(span);
                    TokenTree::Group(respanned)
                }
                TokenTree::Ident(mut ident) => {
                    let is_member = behind_a_dot && !self.resembles_a_parameter(&ident);
                    ident.set_span(if is_member { self.literal } else { self.resolved(&ident, span) });
                    TokenTree::Ident(ident)
                }
                TokenTree::Punct(mut punct) => {
                    if punct.as_char() == '.' {
                        dots = if behind_a_dot { 2 } else { 1 };
                    }
                    punct.set_span(span);
                    TokenTree::Punct(punct)
                }
                TokenTree::Literal(mut literal) => {
                    literal.set_span(span);
                    TokenTree::Literal(literal)
                }
            }
        };
        tokens.into_iter().map(each).collect()
    }

    fn resembles_a_parameter(&self, name: &Ident) -> bool {
        closest(&name.to_string(), &self.parameters.names()).is_some()
    }

    fn resolved(&self, ident: &Ident, span: Span) -> Span {
        let binding = self.parameters.bindings.iter().find(|binding| binding.ident == *ident);
        binding.map_or(span, |binding| span.resolved_at(binding.ident.span()))
    }
}
