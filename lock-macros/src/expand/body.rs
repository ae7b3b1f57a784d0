//! The user's body, moved unchanged into an async block or a closure.

use proc_macro2::{Delimiter, Group, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::{ReturnType, Signature};

use super::returned::nameable;
use crate::function::{Binding, Mode, Parameters};

/// What is handed to the hold to be run.
pub(super) fn body(mode: &Mode<'_>, sig: &Signature, body: &Group, parameters: &Parameters) -> TokenStream {
    let capture = capture(parameters);
    let edge = return_edge(sig);
    let body = fresh_braces(body);
    match mode {
        Mode::Async(_) => quote_spanned!(Span::mixed_site()=> async move { #capture #edge #body }),
        Mode::Plain(_) => quote_spanned!(Span::mixed_site()=> move || { #capture #edge #body }),
        // The inner block gives `return` in the body a place to return to, and makes the future; then it is awaited.
        Mode::Future { .. } => quote_spanned! {Span::mixed_site()=>
            async move {
                #capture
                #[allow(clippy::async_yields_async)]
                let __lock_future = async move { #edge #body };
                __lock_future.await.await
            }
        },
    }
}

/// Moves every parameter into the block that it stands in, used or not: what stayed outside would be dropped after the
/// lock is freed. Last to first, since captured values are dropped in the order of their first mention and parameters
/// in the reverse order of their declaration.
pub(super) fn capture(parameters: &Parameters) -> TokenStream {
    let each = |binding: &Binding| {
        let (Binding { ident, cfgs }, quiet) = (binding, binding.quiet());
        quote_spanned!(Span::mixed_site()=> #cfgs #quiet let _ = &#ident;)
    };
    let each = parameters.bindings.iter().rev().map(each);
    quote!(#(#each)*)
}

/// Tells the compiler what the body returns before it reads the body. Without it a wrong type is blamed on the whole
/// block, and `Box<T>` is not made `Box<dyn Trait>`.
fn return_edge(sig: &Signature) -> TokenStream {
    let declared = match &sig.output {
        ReturnType::Default => None,
        ReturnType::Type(_, declared) => Some(&**declared),
    };
    let ty = nameable(declared, &sig.ident);
    quote_spanned! {Span::mixed_site()=>
        #[allow(
            unreachable_code,
            clippy::diverging_sub_expression,
            clippy::empty_loop,
            clippy::let_unit_value,
            clippy::let_with_type_underscore,
            clippy::needless_return,
            clippy::unreachable
        )]
        if false {
            let __lock_returned: #ty = loop {};
            return __lock_returned;
        }
    }
}

/// The same statements in new braces: located at the body, so that a missing value at its end is shown there, but the
/// macro's own, so that no lint takes them for superfluous.
fn fresh_braces(body: &Group) -> TokenStream {
    let mut fresh = Group::new(Delimiter::Brace, body.stream());
    fresh.set_span(Span::mixed_site().located_at(body.span()));
    TokenStream::from(proc_macro2::TokenTree::Group(fresh))
}
