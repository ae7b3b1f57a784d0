//! The function's return type, as far as the lock has to know it.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote_spanned};
use syn::{Ident, Type, TypeInfer};

use super::span::located_at;
use crate::args::OnBusy;
use crate::function::Returns;
use crate::nested;

/// What the body returns, with `_` for each `impl Trait`, which cannot be written inside a body.
pub(super) struct Returned {
    ty: TokenStream,
    /// Where the compiler says that a lock error can't be returned: at the type, not at the body. Whether it can is
    /// decided by a trait on the type, so that aliases work.
    span: Span,
}

impl Returned {
    pub(super) fn of(private: &TokenStream, returns: Returns<'_>, function: &Ident) -> Self {
        let span = returns.written().and_then(first).unwrap_or_else(|| function.span());
        let span = Span::mixed_site().located_at(span);
        let ty = match returns {
            Returns::Nothing => nameable(None, function),
            Returns::Type(ty) => nameable(Some(ty), function),
            Returns::OutputOf(future) => {
                let future = nameable(Some(future), function);
                let private = located_at(private, span);
                quote_spanned!(span=> <#future as #private::Future>::Output)
            }
            Returns::Inferred => quote_spanned!(span=> _),
        };
        Self { ty, span }
    }

    /// `outcome::<R>()`, or for a function that may be skipped `skipping::<R>()`: the one place that asks what the type can
    /// say, so that a wrong one is reported once.
    pub(super) fn outcome(&self, private: &TokenStream, on_busy: Option<&OnBusy>) -> TokenStream {
        let Self { ty, span } = self;
        match on_busy {
            Some(OnBusy::Skip) => quote_spanned!(*span=> #private::skipping::<#ty>()),
            _ => quote_spanned!(*span=> #private::outcome::<#ty>()),
        }
    }

    /// The type itself.
    pub(super) fn ty(&self) -> &TokenStream {
        &self.ty
    }
}

/// The type as it can be written inside the body.
pub(super) fn nameable(ty: Option<&Type>, function: &Ident) -> TokenStream {
    let Some(ty) = ty else {
        return quote_spanned!(Span::mixed_site().located_at(function.span())=> ());
    };
    let mut ty = ty.clone();
    erase_impl_trait(&mut ty);
    ty.into_token_stream()
}

fn first(ty: &Type) -> Option<Span> {
    ty.to_token_stream().into_iter().next().map(|token| token.span())
}

fn erase_impl_trait(ty: &mut Type) {
    if let Type::ImplTrait(bounds) = ty {
        let span = bounds.impl_token.span;
        let underscore_token = syn::token::Underscore { spans: [span] };
        *ty = Type::Infer(TypeInfer { attrs: Vec::new(), underscore_token });
    } else {
        nested::types(ty).into_iter().for_each(erase_impl_trait);
    }
}
