//! Expressions of the user, so wrapped that the compiler's words point at them.

use proc_macro2::{Group, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote_spanned};
use syn::Expr;

/// `&(value)`, so spanned that the compiler underlines the whole of `value`, its first token to its last, without the
/// invisible tokens around it.
pub(super) fn borrowed(value: &Expr) -> TokenStream {
    let start = Span::mixed_site().located_at(first(value));
    let inner = enclosed(value);
    quote_spanned!(start=> &#inner)
}

pub(super) fn enclosed(value: &Expr) -> TokenTree {
    let mut inner = Group::new(proc_macro2::Delimiter::Parenthesis, value.to_token_stream());
    inner.set_span(Span::mixed_site().located_at(last(value)));
    TokenTree::Group(inner)
}

pub(super) fn first(value: &Expr) -> Span {
    let token = value.to_token_stream().into_iter().next();
    token.map_or_else(Span::call_site, |token| match token {
        TokenTree::Group(group) => group.span_open(),
        other => other.span(),
    })
}

pub(super) fn last(value: &Expr) -> Span {
    let token = value.to_token_stream().into_iter().last();
    token.map_or_else(Span::call_site, |token| match token {
        TokenTree::Group(group) => group.span_close(),
        other => other.span(),
    })
}

/// The same tokens, shown at `span`: of an expression that begins with a path of ours, the compiler underlines the whole from
/// there.
pub(super) fn located_at(tokens: &TokenStream, span: Span) -> TokenStream {
    let each = |mut tree: TokenTree| {
        tree.set_span(tree.span().located_at(span));
        tree
    };
    tokens.clone().into_iter().map(each).collect()
}
