//! The arm in which a fallback stands in for the body.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote_spanned};

use super::returned::Returned;
use super::span::located_at;
use crate::fallback::Fallback;
use crate::function::{Mode, Parameters, Rebuilt};

/// `Err(error) if error.is_busy() => path(arguments).await,`
///
/// It has a type of its own, so that a fallback that returns something else is blamed, and not the body.
pub(super) fn arm(
    private: &TokenStream,
    fallback: &Fallback<'_>,
    mode: &Mode<'_>,
    returned: &Returned,
    parameters: &Parameters,
) -> TokenStream {
    let Fallback { path, arguments } = fallback;
    let first = path.to_token_stream().into_iter().next();
    let span = Span::mixed_site().located_at(first.map_or_else(Span::call_site, |token| token.span()));
    let arguments = arguments.iter().map(|Rebuilt { value, cfgs }| quote_spanned!(span=> #cfgs #value));
    let call = quote_spanned!(span=> #path(#(#arguments),*));
    let call = match mode {
        Mode::Plain(_) => call,
        Mode::Async(_) | Mode::Future { .. } => {
            let private = located_at(private, span);
            quote_spanned!(span=> #private::fallback(#call).await)
        }
    };
    let (ty, quiet) = (returned.ty(), parameters.quiet());
    quote_spanned! {Span::mixed_site()=>
        #private::Err(__lock_error) if __lock_error.is_busy() => {
            #quiet
            let __lock_instead: #ty = #call;
            __lock_instead
        }
    }
}
