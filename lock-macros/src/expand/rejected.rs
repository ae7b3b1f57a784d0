//! What is emitted beside the errors.

use proc_macro2::{Span, TokenStream};
use quote::quote_spanned;

use super::{private, put_together};
use crate::args::Arguments;
use crate::function::{Function, Parameters};
use crate::guard::taken_for_held;

/// The function as it was written, its signature too, so that its callers do not fail too. It stands beside a `compile_error!`: no program
/// can run it without its lock.
pub(crate) fn rejected(
    arguments: &Arguments,
    function: &Function,
    written: &TokenStream,
    parameters: &Parameters,
) -> TokenStream {
    let private = private(arguments);
    // The body may use the guard; if that has a parameter's name, the body means the parameter.
    let guard = arguments.guard.as_ref().filter(|given| !parameters.binds(&given.value)).map(|given| {
        let guard = &given.value;
        let is_option = arguments.seen("when").is_some() && taken_for_held(arguments, function).is_none();
        let held = if is_option {
            quote_spanned!(Span::mixed_site()=> #private::Option<#private::Held>)
        } else {
            quote_spanned!(Span::mixed_site()=> #private::Held)
        };
        quote_spanned!(Span::mixed_site()=> let #guard: #held = loop {};)
    });
    let quiet = quote_spanned!(Span::mixed_site()=> #[allow(unused, unreachable_code, clippy::all)]);
    let body = function.body.stream();
    put_together(function, &quiet, written, &quote_spanned!(function.body.span()=> #guard #body))
}
