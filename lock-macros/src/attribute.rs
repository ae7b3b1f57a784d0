//! The whole way of one attribute: args, signature, key, validate, expand.

use proc_macro2::TokenStream;
use quote::quote;

use crate::errors::Errors;
use crate::function::Parameters;
use crate::{args, expand, function, key, segment, validate};

/// What stands in place of the attributed function.
pub(crate) fn distributed_lock(attribute: TokenStream, item: TokenStream) -> TokenStream {
    let mut errors = Errors::default();

    let arguments = args::parse(attribute, &mut errors);
    let Some(original) = function::parse(item.clone(), &mut errors) else {
        let errors = errors.into_tokens();
        return quote!(#errors #item);
    };
    let mut function = original.clone();
    let parameters = Parameters::take(&mut function.sig);
    let name = &function.sig.ident;

    let delimiter = arguments.delimiter.as_ref().map(|given| given.value.value());
    let delimiter = delimiter.as_deref().unwrap_or(segment::DEFAULT_DELIMITER);
    let segments = arguments.key.as_ref().map_or_else(Vec::new, |given| {
        key::read(&given.value, delimiter, name, &parameters, &mut errors)
    });
    validate::validate(&arguments, delimiter, name, &parameters, &mut errors);

    match errors.into_tokens() {
        None => expand::expand(&arguments, &segments, &function, &parameters),
        Some(errors) => {
            let rejected = expand::rejected(&arguments, &original, &parameters);
            quote!(#errors #rejected)
        }
    }
}
