//! `#[lock_key(..)]`: `crate` on the type, `rename` on a variant.

use proc_macro2::Span;
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser};
use syn::spanned::Spanned;
use syn::{Attribute, DeriveInput, Expr, Field, Ident, Meta, Path, Token, Variant};

use crate::args::{bare, path, string};
use crate::errors::Errors;

const ON_TYPE: &str = "on a type write `#[lock_key(crate = ::locks)]` if this crate was renamed";
const ON_VARIANT: &str =
    "on a variant write `#[lock_key(rename = \"..\")]` for the text that stands for it in a name";
const ON_FIELD: &str = "every field is part of the key: for some of them implement `LockKeyPart` by hand, or write them \
                        where the key is, as in `key = order.id`";

/// What stands on the type.
#[derive(Default)]
pub(super) struct Attributes {
    /// The path of the renamed crate.
    pub(super) krate: Option<Path>,
}

impl Attributes {
    pub(super) fn of_type(input: &DeriveInput, errors: &mut Errors) -> Self {
        let mut attributes = Self::default();
        for Argument { name, value } in arguments(&input.attrs, ON_TYPE, errors) {
            if name != "crate" {
                errors.at(name.span(), format!("unknown argument `{name}`: {ON_TYPE}"));
                continue;
            }
            let written = value.to_token_stream();
            match path(value) {
                Some(path) => attributes.krate = Some(path),
                None => {
                    let message = "`crate` is the path of the renamed dependency: write `crate = ::locks`";
                    errors.under(written, message);
                }
            }
        }
        attributes
    }
}

/// The text that stands for `variant`, and where it is written.
pub(super) fn text_of_variant(variant: &Variant, errors: &mut Errors) -> (String, Span) {
    let mut text = (variant.ident.unraw().to_string(), variant.ident.span());
    for Argument { name, value } in arguments(&variant.attrs, ON_VARIANT, errors) {
        if name != "rename" {
            errors.at(name.span(), format!("unknown argument `{name}`: {ON_VARIANT}"));
            continue;
        }
        let value = bare(value);
        match string(&value) {
            Some(renamed) if renamed.value().is_empty() => {
                errors.under(renamed, "the text that stands for a variant cannot be empty");
            }
            Some(renamed) => text = (renamed.value(), renamed.span()),
            None => errors.under(value, "the text must be known at compile time: write `rename = \"..\"`"),
        }
    }
    text
}

/// A field has no arguments.
pub(super) fn check_field(field: &Field, errors: &mut Errors) {
    for attribute in ours(&field.attrs) {
        errors.under(attribute, ON_FIELD);
    }
}

struct Argument {
    name: Ident,
    value: Expr,
}

/// `name = value, ..`.
fn list(input: ParseStream<'_>) -> syn::Result<Vec<Argument>> {
    let mut all = Vec::new();
    while !input.is_empty() {
        let name = input.call(Ident::parse_any)?;
        let _: Token![=] = input.parse()?;
        all.push(Argument { name, value: input.parse()? });
        if !input.is_empty() {
            let _: Token![,] = input.parse()?;
        }
    }
    Ok(all)
}

fn ours(attributes: &[Attribute]) -> impl Iterator<Item = &Attribute> {
    attributes.iter().filter(|attribute| attribute.path().is_ident("lock_key"))
}

fn arguments(attributes: &[Attribute], write: &str, errors: &mut Errors) -> Vec<Argument> {
    let mut all = Vec::new();
    for attribute in ours(attributes) {
        let parsed = match &attribute.meta {
            Meta::List(given) if !given.tokens.is_empty() => list.parse2(given.tokens.clone()).ok(),
            _ => None,
        };
        match parsed {
            Some(arguments) => all.extend(arguments),
            None => errors.at(attribute.meta.span(), write),
        }
    }
    all
}
