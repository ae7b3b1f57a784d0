//! From checked arguments to tokens: the original function around one acquire and one run.

mod body;
mod prepare;
mod rejected;
mod returned;

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};

use crate::args::Arguments;
use crate::function::{Function, Mode, Parameters};
use crate::key::Segment;

pub(crate) use rejected::rejected;
use returned::Returned;

/// Puts the lock around the function's body.
pub(crate) fn expand(
    arguments: &Arguments,
    segments: &[Segment],
    function: &Function,
    parameters: &Parameters,
) -> TokenStream {
    let private = private(arguments);
    let mode = Mode::of(&function.sig);
    let returned = Returned::of(mode.output(), &function.sig.ident);
    let prepare = prepare::prepare(&private, arguments, segments, &function.sig.ident);
    let body = body::body(&private, &mode, &function.sig, &function.body, parameters);
    let guard = arguments.guard.as_ref().map(|given| {
        let guard = &given.value;
        quote_spanned!(Span::mixed_site()=> let #guard = __lock_hold.held();)
    });

    let (acquire, run) = match mode {
        Mode::Plain(_) => (
            quote_spanned!(Span::mixed_site()=> #private::acquire_blocking(__lock_request)),
            returned.run(&private, &quote!(run_blocking), &body),
        ),
        Mode::Async(_) | Mode::Future { .. } => {
            let run = returned.run(&private, &quote!(run), &body);
            (
                quote_spanned!(Span::mixed_site()=> #private::acquire(__lock_request).await),
                quote_spanned!(Span::mixed_site()=> #run.await),
            )
        }
    };
    let failed = returned.failed(&private);

    // The key is made in a block of its own that ends before the first await: what it borrows does not become part of
    // the future, which stays `Send` beside a `Cell` argument.
    let locked = quote_spanned! {Span::mixed_site()=>
        let __lock_request = { #prepare };
        match #acquire {
            #private::Ok(__lock_hold) => {
                #guard
                #run
            }
            #private::Err(__lock_error) => #failed,
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
    put_together(function, &TokenStream::new(), &block)
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

fn put_together(function: &Function, more_attrs: &TokenStream, block: &TokenStream) -> TokenStream {
    let Function { attrs, vis, defaultness, sig, body: _ } = function;
    let mut tokens = TokenStream::new();
    for attr in attrs {
        attr.to_tokens(&mut tokens);
    }
    quote!(#tokens #more_attrs #vis #defaultness #sig { #block })
}
