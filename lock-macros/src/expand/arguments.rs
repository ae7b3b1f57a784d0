//! The arguments as generators see them.

use proc_macro2::{Span, TokenStream};
use quote::quote_spanned;
use syn::ext::IdentExt;

use crate::function::{Binding, Parameters};

/// `let __lock_arguments = &[..];`: each argument by its name, readable where its type is a key part.
///
/// Stands behind the key, which may borrow an argument in any way.
pub(super) fn arguments(private: &TokenStream, parameters: &Parameters) -> TokenStream {
    let each = parameters.named().map(|Binding { ident, cfgs }| {
        let name = ident.unraw().to_string();
        quote_spanned!(Span::mixed_site()=> #cfgs (&#private::Argument(&#ident)).__lock_arg(#name))
    });
    let quiet = parameters.quiet();
    quote_spanned! {Span::mixed_site()=>
        #[allow(unused_imports)]
        use #private::{IsPart as _, NotPart as _};
        #quiet
        let __lock_arguments: &[#private::Arg<'_>] = &[#(#each),*];
    }
}
