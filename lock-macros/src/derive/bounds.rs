//! What generic parameters have to be, so that the fields are key parts.

use std::collections::HashSet;

use proc_macro2::{Span, TokenStream};
use quote::quote_spanned;
use syn::visit::{self, Visit};
use syn::{DeriveInput, Ident, Type, TypePath};

use super::shape::{Shape, is_phantom};

/// The types that are part of a field and are not known here: `T`, `T::Id`, `<T as Entity>::Id`. Not those behind
/// `PhantomData`: an `Id<Order>` is a key whatever an order is.
pub(super) fn bounds(private: &TokenStream, input: &DeriveInput, shape: &Shape<'_>) -> Vec<TokenStream> {
    let mut open = Open {
        parameters: input.generics.type_params().map(|parameter| &parameter.ident).collect(),
        found: Vec::new(),
    };
    for field in shape.all_fields() {
        open.visit_type(&field.ty);
    }
    let each =
        open.found.into_iter().map(|ty| quote_spanned!(Span::mixed_site()=> #ty: #private::LockKeyPart));
    each.collect()
}

struct Open<'a> {
    parameters: HashSet<&'a Ident>,
    found: Vec<&'a TypePath>,
}

impl<'a> Visit<'a> for Open<'a> {
    fn visit_type(&mut self, ty: &'a Type) {
        if !is_phantom(ty) {
            visit::visit_type(self, ty);
        }
    }

    fn visit_type_path(&mut self, path: &'a TypePath) {
        let begins_with_one =
            path.path.segments.first().is_some_and(|first| self.parameters.contains(&first.ident));
        let is_associated = path.qself.as_ref().is_some_and(|of| self.mentions_one(&of.ty));
        if (begins_with_one && path.qself.is_none()) || is_associated {
            self.found.push(path);
        } else {
            visit::visit_type_path(self, path);
        }
    }
}

impl<'a> Open<'a> {
    fn mentions_one(&self, ty: &'a Type) -> bool {
        let mut inner = Self { parameters: self.parameters.clone(), found: Vec::new() };
        inner.visit_type(ty);
        !inner.found.is_empty()
    }
}
