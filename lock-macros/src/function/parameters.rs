//! The names that the parameters bind.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote};
use syn::ext::IdentExt;
use syn::token::Paren;
use syn::{Attribute, FnArg, GenericParam, Ident, Pat, PatIdent, PatParen, Signature, Token};

use super::rebuilt::Rebuilt;
use crate::nested;

/// A name that a parameter binds.
pub(crate) struct Binding {
    pub(crate) ident: Ident,
    /// The parameter's `#[cfg]`s: where they are false, the name does not exist.
    pub(crate) cfgs: TokenStream,
}

impl Binding {
    /// For a statement that mentions the name: one that begins with `_` is mentioned by nobody else, and clippy would blame its
    /// user for it.
    pub(crate) fn quiet(&self) -> Option<TokenStream> {
        let underscored = self.ident.unraw().to_string().starts_with('_');
        underscored.then(|| quote!(#[allow(clippy::used_underscore_binding)]))
    }
}

/// All names that the parameters bind, `self` among them.
#[derive(Default)]
pub(crate) struct Parameters {
    pub(crate) bindings: Vec<Binding>,
    /// Const generics, which may have lower-case names.
    constants: Vec<Ident>,
}

impl Parameters {
    /// Gives every `_` of `sig` a name and collects all names.
    ///
    /// A value without a name stays outside of the body and would be dropped after the lock is freed: the transaction
    /// behind `_: Transaction` would roll back unprotected.
    ///
    /// A pattern that names nothing gets one name for the whole: a part cannot be moved out of a type with `Drop`. Names stand
    /// in parentheses, where the attributes below do not look for one: `#[instrument]` would record what `_` kept from it.
    pub(crate) fn take(sig: &mut Signature) -> Self {
        let mut parameters = Self::default();
        let mut names = NameWildcards { count: 0 };
        for input in &mut sig.inputs {
            match input {
                FnArg::Receiver(receiver) => parameters.bindings.push(Binding {
                    ident: Ident::new("self", receiver.self_token.span),
                    cfgs: cfgs(&receiver.attrs),
                }),
                FnArg::Typed(typed) => {
                    names.name(&mut typed.pat);
                    let mut bound = Vec::new();
                    collect(&typed.pat, &mut bound);
                    let cfgs = cfgs(&typed.attrs);
                    parameters
                        .bindings
                        .extend(bound.into_iter().map(|ident| Binding { ident, cfgs: cfgs.clone() }));
                }
            }
        }
        parameters.constants = sig.generics.params.iter().filter_map(constant).collect();
        parameters
    }

    /// `self` as an argument, if there is a receiver.
    pub(crate) fn receiver(&self) -> Option<Rebuilt> {
        let receiver = self.bindings.iter().find(|binding| binding.ident == "self")?;
        Some(Rebuilt { value: receiver.ident.to_token_stream(), cfgs: receiver.cfgs.clone() })
    }

    /// Names that the user wrote.
    pub(crate) fn named(&self) -> impl Iterator<Item = &Binding> {
        self.bindings.iter().filter(|binding| !is_unnamed(&binding.ident))
    }

    /// For a statement that mentions all of them.
    pub(crate) fn quiet(&self) -> Option<TokenStream> {
        self.named().find_map(Binding::quiet)
    }

    /// Whether a parameter binds `name`.
    pub(crate) fn binds(&self, name: &Ident) -> bool {
        self.bindings.iter().any(|binding| binding.ident == *name)
    }

    /// Whether `name` is bound by the signature.
    pub(crate) fn knows(&self, name: &Ident) -> bool {
        self.binds(name) || self.constants.contains(name)
    }

    /// Names that the user wrote, for suggestions.
    pub(crate) fn names(&self) -> Vec<String> {
        self.named().map(|binding| binding.ident.to_string()).collect()
    }
}

/// Whether the attribute made this name, for a value that had none.
pub(super) fn is_unnamed(name: &Ident) -> bool {
    name.to_string().starts_with(WILDCARD)
}

const WILDCARD: &str = "__unnamed_";

struct NameWildcards {
    count: usize,
}

impl NameWildcards {
    /// Names a parameter as a whole if none of it has a name, else each `_`.
    fn name(&mut self, pat: &mut Pat) {
        if !matches!(pat, Pat::Wild(_)) && names_nothing(pat) {
            let whole = std::mem::replace(pat, Pat::Verbatim(TokenStream::new()));
            let span = Span::mixed_site().located_at(first(&whole));
            *pat = self.parenthesised(span, Vec::new(), Some(whole));
        } else {
            self.name_each(pat);
        }
    }

    fn name_each(&mut self, pat: &mut Pat) {
        match pat {
            Pat::Wild(wild) => {
                let span = Span::mixed_site().located_at(wild.underscore_token.span);
                *pat = self.parenthesised(span, std::mem::take(&mut wild.attrs), None);
            }
            // Behind `name @` all of it has that name. Behind `&` there is nothing to drop, and a name would move out of
            // the reference.
            Pat::Ident(_) | Pat::Reference(_) => {}
            _ => nested::patterns_mut(pat).into_iter().for_each(|inner| self.name_each(inner)),
        }
    }

    /// `(name)` or `(name @ pattern)`.
    fn parenthesised(&mut self, span: Span, attrs: Vec<Attribute>, whole: Option<Pat>) -> Pat {
        let ident = Ident::new(&format!("{WILDCARD}{}", self.count), span);
        self.count += 1;
        let subpat = whole.map(|whole| (Token![@](span), Box::new(whole)));
        let name = PatIdent { attrs: Vec::new(), by_ref: None, mutability: None, ident, subpat };
        Pat::Paren(PatParen { attrs, paren_token: Paren(span), pat: Box::new(Pat::Ident(name)) })
    }
}

/// Whether a pattern binds no name, nor looks behind a reference, where there is nothing to keep.
fn names_nothing(pat: &Pat) -> bool {
    !matches!(pat, Pat::Ident(_) | Pat::Reference(_) | Pat::Macro(_))
        && nested::patterns(pat).into_iter().all(names_nothing)
}

fn first(pat: &Pat) -> Span {
    pat.to_token_stream().into_iter().next().map_or_else(Span::call_site, |token| token.span())
}

/// Puts the names that a pattern binds into `names`.
fn collect(pat: &Pat, names: &mut Vec<Ident>) {
    if let Pat::Ident(ident) = pat {
        names.push(ident.ident.clone());
    }
    for inner in nested::patterns(pat) {
        collect(inner, names);
    }
}

/// The `#[cfg]`s among the attributes of a parameter.
pub(super) fn cfgs(attrs: &[Attribute]) -> TokenStream {
    let mut cfgs = TokenStream::new();
    for attr in attrs {
        if attr.path().is_ident("cfg") {
            attr.to_tokens(&mut cfgs);
        }
    }
    cfgs
}

fn constant(param: &GenericParam) -> Option<Ident> {
    match param {
        GenericParam::Const(constant) => Some(constant.ident.clone()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_get_names_but_not_behind_a_reference() {
        let mut sig: Signature =
            syn::parse_str("fn f(&self, _: A, (a, _): (A, B), &(_, b): &(A, B), P { c, d: _, .. }: P)")
                .unwrap();
        let parameters = Parameters::take(&mut sig);
        assert_eq!(parameters.names(), ["self", "a", "b", "c"]);
        let text = sig.to_token_stream().to_string();
        assert_eq!(text.matches(WILDCARD).count(), 3, "{text}");
        assert_eq!(parameters.bindings.len(), 7);
    }

    #[test]
    fn a_pattern_without_a_name_gets_one_for_the_whole() {
        let mut sig: Signature = syn::parse_str(
            "fn f(G(_): G, (_, _): (A, B), P { .. }: P, _: C, &_: &D, (_, &_): (A, &B), (_, e): (A, E), h @ G(_): G)",
        )
        .unwrap();
        let parameters = Parameters::take(&mut sig);
        let text: Vec<_> =
            sig.inputs.iter().map(|input| input.to_token_stream().to_string().replace(' ', "")).collect();
        assert_eq!(
            text,
            [
                "(__unnamed_0@G(_)):G",
                "(__unnamed_1@(_,_)):(A,B)",
                "(__unnamed_2@P{..}):P",
                "(__unnamed_3):C",
                "&_:&D",
                "((__unnamed_4),&_):(A,&B)",
                "((__unnamed_5),e):(A,E)",
                "h@G(_):G",
            ]
        );
        assert_eq!(parameters.names(), ["e", "h"]);
    }
}
