//! The names that the parameters bind.

use proc_macro2::Span;
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::visit::{self, Visit};
use syn::visit_mut::{self, VisitMut};
use syn::{Attribute, FnArg, GenericParam, Ident, Pat, PatIdent, PatReference, Signature};

use super::rebuilt::Rebuilt;

/// A name that a parameter binds.
#[derive(Clone)]
pub(crate) struct Binding {
    pub(crate) ident: Ident,
    /// The parameter's `#[cfg]`s: where they are false, the name does not exist.
    pub(crate) cfgs: Vec<Attribute>,
}

/// All names that the parameters bind, `self` among them.
#[derive(Clone, Default)]
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
                    names.visit_pat_mut(&mut typed.pat);
                    let mut collect = CollectNames(Vec::new());
                    collect.visit_pat(&typed.pat);
                    let cfgs = cfgs(&typed.attrs);
                    parameters
                        .bindings
                        .extend(collect.0.into_iter().map(|ident| Binding { ident, cfgs: cfgs.clone() }));
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

    /// Names that the user wrote, each with what it is called.
    pub(crate) fn named(&self) -> impl Iterator<Item = (&Binding, String)> {
        let named = self.bindings.iter().map(|binding| (binding, binding.ident.unraw().to_string()));
        named.filter(|(_, name)| !name.starts_with(WILDCARD))
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
        let names = self.bindings.iter().map(|binding| binding.ident.to_string());
        names.filter(|name| !name.starts_with(WILDCARD)).collect()
    }
}

const WILDCARD: &str = "__unnamed_";

struct NameWildcards {
    count: usize,
}

impl VisitMut for NameWildcards {
    fn visit_pat_mut(&mut self, pat: &mut Pat) {
        if let Pat::Wild(wild) = pat {
            let name = format!("{WILDCARD}{}", self.count);
            self.count += 1;
            let span = Span::mixed_site().located_at(wild.underscore_token.span);
            *pat = Pat::Ident(PatIdent {
                attrs: std::mem::take(&mut wild.attrs),
                by_ref: None,
                mutability: None,
                ident: Ident::new(&name, span),
                subpat: None,
            });
        } else {
            visit_mut::visit_pat_mut(self, pat);
        }
    }

    /// Behind `&` there is nothing to drop, and a name would move out of the reference.
    fn visit_pat_reference_mut(&mut self, _: &mut PatReference) {}
}

struct CollectNames(Vec<Ident>);

impl Visit<'_> for CollectNames {
    fn visit_pat_ident(&mut self, pat: &PatIdent) {
        self.0.push(pat.ident.clone());
        visit::visit_pat_ident(self, pat);
    }
}

fn cfgs(attrs: &[Attribute]) -> Vec<Attribute> {
    attrs.iter().filter(|attr| attr.path().is_ident("cfg")).cloned().collect()
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
}
