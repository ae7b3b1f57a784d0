//! From checked arguments to tokens: the original function around one acquire and one run.

mod arguments;
mod body;
mod busy;
mod code;
mod inventory;
mod prepare;
mod rejected;
mod returned;
mod span;

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::Expr;

use crate::args::Arguments;
use crate::fallback::Fallback;
use crate::function::{Function, Mode, Parameters};
use crate::key::Keys;

pub(crate) use rejected::rejected;
use returned::Returned;

/// Everything that was read of one attribute.
pub(crate) struct Locked<'a> {
    pub(crate) arguments: &'a Arguments,
    pub(crate) keys: Keys,
    pub(crate) when: Option<Expr>,
    pub(crate) fallback: Option<Fallback<'a>>,
}

/// Puts the lock around the function's body.
pub(crate) fn expand(
    locked: &Locked<'_>,
    delimiter: &str,
    function: &Function,
    parameters: &Parameters,
) -> TokenStream {
    let arguments = locked.arguments;
    let private = private(arguments);
    let mode = Mode::of(&function.sig);
    let returned = Returned::of(&private, mode.returns(), &function.sig.ident);
    let prepare = prepare::prepare(&private, locked, &function.sig.ident, parameters);
    let inventory = inventory::inventory(&private, arguments, &locked.keys, delimiter, &function.sig.ident);
    let body = body::body(&mode, &function.sig, &function.body, parameters);
    let guard = arguments.guard.as_ref().map(|given| {
        let guard = &given.value;
        quote_spanned!(Span::mixed_site()=> let #guard = __lock_hold.held();)
    });

    let outcome = returned.outcome(&private, arguments.on_busy.as_ref().map(|given| &given.value));
    let acquire = match (&mode, &locked.when) {
        (Mode::Plain(_), None) => {
            quote_spanned!(Span::mixed_site()=> #private::acquire_blocking(__lock_request))
        }
        (Mode::Plain(_), Some(_)) => {
            quote_spanned!(Span::mixed_site()=> #private::acquire_when_blocking(__lock_request))
        }
        (_, None) => quote_spanned!(Span::mixed_site()=> #private::acquire(__lock_request).await),
        (_, Some(_)) => quote_spanned!(Span::mixed_site()=> #private::acquire_when(__lock_request).await),
    };
    let run = match mode {
        Mode::Plain(_) => {
            quote_spanned!(Span::mixed_site()=> __lock_hold.run_blocking(__lock_outcome, #body))
        }
        Mode::Async(_) | Mode::Future { .. } => {
            quote_spanned!(Span::mixed_site()=> __lock_hold.run(__lock_outcome, move || #body).await)
        }
    };
    let busy =
        locked.fallback.as_ref().map(|fallback| busy::arm(&private, fallback, &mode, &returned, parameters));

    // Output:
    //
    //     annotated! { "f" "prefix:{key}" .. }
    //     let request = { prepare(manager, settings, key(&[part(..), ..]), arguments) };
    //     let outcome = outcome::<Result<T, E>>();
    //     match acquire(request).await {
    //         Ok(hold) => hold.run(outcome, move || async move { body }).await,
    //         Err(error) if error.is_busy() => fallback(arguments).await,
    //         Err(error) => outcome.without_lock(error),
    //     }
    //
    // Only a hold runs a body: no body can run without its lock, by types. With `when` the request is an `Option`, and what is
    // acquired runs the body in either case. The body is made by the hold that runs it: a fallback still finds the
    // arguments, and a big body is in the function's future once. The request is made in a block of its own that ends before
    // the first await: what the key and the join point borrow does not become part of the future, which stays `Send` beside a
    // `Cell` argument. The names are long since constants are not hygienic: a user's `const hold` would be a pattern.
    let locked = quote_spanned! {Span::mixed_site()=>
        let __lock_request = { #prepare };
        let __lock_outcome = #outcome;
        match #acquire {
            #private::Ok(__lock_hold) => {
                #guard
                #run
            }
            #busy
            #private::Err(__lock_error) => __lock_outcome.without_lock(__lock_error),
        }
    };
    let block = match mode {
        Mode::Async(_) | Mode::Plain(_) => locked,
        Mode::Future { boxed, .. } => {
            let capture = body::capture(parameters);
            let future = quote_spanned!(Span::mixed_site()=> async move { #capture #locked });
            if boxed { quote_spanned!(Span::mixed_site()=> #private::Box::pin(#future)) } else { future }
        }
    };
    put_together(function, &TokenStream::new(), &function.sig, &quote!(#inventory #block))
}

/// The only module that generated code names, so that nothing a user shadows can come between.
fn private(arguments: &Arguments) -> TokenStream {
    match &arguments.krate {
        Some(given) => {
            let path = &given.value;
            quote!(#path::__private)
        }
        None => quote_spanned!(Span::mixed_site()=> ::lock_core::__private),
    }
}

fn put_together(
    function: &Function,
    more_attrs: &TokenStream,
    sig: &dyn ToTokens,
    block: &TokenStream,
) -> TokenStream {
    let Function { attrs, vis, defaultness, sig: _, body: _ } = function;
    let mut tokens = TokenStream::new();
    for attr in attrs {
        attr.to_tokens(&mut tokens);
    }
    quote!(#tokens #more_attrs #vis #defaultness #sig { #block })
}
