//! What generic parameters have to be, so that the fields are key parts.

use proc_macro2::{Span, TokenStream};
use quote::quote_spanned;
use syn::{DeriveInput, Ident, Type, TypePath};

use super::shape::{Shape, is_phantom};
use crate::nested;

/// The types that are part of a field and are not known here: `T`, `T::Id`, `<T as Entity>::Id`. Not those behind
/// `PhantomData`: an `Id<Order>` is a key whatever an order is.
pub(super) fn bounds(private: &TokenStream, input: &DeriveInput, shape: &Shape<'_>) -> Vec<TokenStream> {
    let parameters = input.generics.type_params().map(|parameter| &parameter.ident).collect::<Vec<_>>();
    let mut open = Vec::new();
    for field in shape.all_fields() {
        find(&field.ty, &parameters, &mut open);
    }
    open.into_iter().map(|ty| quote_spanned!(Span::mixed_site()=> #ty: #private::LockKeyPart)).collect()
}

/// Puts the open types of `ty` into `open`.
fn find<'a>(ty: &'a Type, parameters: &[&Ident], open: &mut Vec<&'a TypePath>) {
    if is_phantom(ty) {
        return;
    }
    if let Type::Path(path) = ty
        && is_open(path, parameters)
    {
        return open.push(path);
    }
    for inner in nested::types(ty) {
        find(inner, parameters, open);
    }
}

fn is_open(path: &TypePath, parameters: &[&Ident]) -> bool {
    match &path.qself {
        None => path.path.segments.first().is_some_and(|first| parameters.contains(&&first.ident)),
        Some(of) => {
            let mut inner = Vec::new();
            find(&of.ty, parameters, &mut inner);
            !inner.is_empty()
        }
    }
}
