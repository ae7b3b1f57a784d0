//! The function's return type, as far as the lock has to know it.

use proc_macro2::{Group, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote_spanned};
use syn::parse::{ParseStream, Parser};
use syn::{Error, Ident, Token, Type, TypeImplTrait};

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
    let written = ty.to_token_stream();
    if nested::hides(ty) {
        without_impl_trait.parse2(written).unwrap_or_else(Error::into_compile_error)
    } else {
        written
    }
}

fn first(ty: &Type) -> Option<Span> {
    ty.to_token_stream().into_iter().next().map(|token| token.span())
}

/// `_` for each `impl Trait`. On tokens, since a type could be changed only in a copy, and syn's copies take long to compile.
fn without_impl_trait(input: ParseStream<'_>) -> syn::Result<TokenStream> {
    let mut tokens = TokenStream::new();
    while !input.is_empty() {
        if input.peek(Token![impl]) {
            let hidden: TypeImplTrait = input.parse()?;
            tokens.extend(quote_spanned!(hidden.impl_token.span=> _));
            continue;
        }
        tokens.extend([match input.parse()? {
            TokenTree::Group(group) => {
                let inner = without_impl_trait.parse2(group.stream())?;
                let mut erased = Group::new(group.delimiter(), inner);
                erased.set_span(group.span());
                TokenTree::Group(erased)
            }
            other => other,
        }]);
    }
    Ok(tokens)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hidden_type_is_left_to_the_compiler_wherever_it_stands() {
        for (written, inside) in [
            ("R", "R"),
            ("Box<dyn Fn(A) -> B + Send>", "Box<dynFn(A)->B+Send>"),
            ("impl A", "_"),
            ("impl Future<Output = impl A> + Send + 'a", "_"),
            ("Result<impl Iterator<Item = impl A> + Send, E>", "Result<_,E>"),
            ("(impl A, R, impl B + Send)", "(_,R,_)"),
            ("&'a (impl A + 'a)", "&'a(_)"),
            ("[impl A; 3]", "[_;3]"),
        ] {
            let function = Ident::new("f", Span::call_site());
            let ty = syn::parse_str(written).unwrap();
            assert_eq!(nameable(Some(&ty), &function).to_string().replace(' ', ""), inside);
        }
    }
}
