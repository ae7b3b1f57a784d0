//! What the type is made of, and whether a key can be made of that.

use syn::{Data, DataEnum, DeriveInput, Field, Fields, Ident, Type};

use super::attributes::{check_field, text_of_variant};
use crate::errors::Errors;

/// The fields that are written.
pub(super) enum Shape<'a> {
    Struct(Vec<&'a Field>),
    Enum(Vec<Variant<'a>>),
}

/// A variant: its text first, which says how many parts follow.
pub(super) struct Variant<'a> {
    pub(super) name: &'a Ident,
    pub(super) text: String,
    pub(super) fields: Vec<&'a Field>,
}

impl<'a> Shape<'a> {
    pub(super) fn of(input: &'a DeriveInput, errors: &mut Errors) -> Self {
        let name = &input.ident;
        match &input.data {
            Data::Struct(data) => {
                let fields = fields(&data.fields, errors);
                if fields.iter().all(|field| is_phantom(&field.ty)) {
                    errors.at(
                        name.span(),
                        format!("`{name}` has no field that could identify a lock: all its values would be one key"),
                    );
                }
                Self::Struct(fields)
            }
            Data::Enum(data) => Self::Enum(variants(name, data, errors)),
            Data::Union(data) => {
                errors.at(
                    data.union_token.span,
                    "which field of a union is set is not known: implement `LockKeyPart` by hand",
                );
                Self::Struct(Vec::new())
            }
        }
    }

    pub(super) fn all_fields(&self) -> impl Iterator<Item = &'a Field> {
        let (fields, variants) = match self {
            Self::Struct(fields) => (fields.as_slice(), [].as_slice()),
            Self::Enum(variants) => ([].as_slice(), variants.as_slice()),
        };
        fields.iter().chain(variants.iter().flat_map(|variant| &variant.fields)).copied()
    }
}

/// `PhantomData` has one value, so it identifies nothing. Told by its name, since a macro sees no types.
pub(super) fn is_phantom(ty: &Type) -> bool {
    match ty {
        Type::Group(group) => is_phantom(&group.elem),
        Type::Path(path) => path.path.segments.last().is_some_and(|last| last.ident == "PhantomData"),
        _ => false,
    }
}

fn fields<'a>(fields: &'a Fields, errors: &mut Errors) -> Vec<&'a Field> {
    fields.iter().inspect(|field| check_field(field, errors)).collect()
}

fn variants<'a>(name: &Ident, data: &'a DataEnum, errors: &mut Errors) -> Vec<Variant<'a>> {
    if data.variants.is_empty() {
        errors.at(name.span(), format!("`{name}` has no values, so none of them can be a key"));
    }
    let mut all: Vec<Variant<'_>> = Vec::new();
    for variant in &data.variants {
        let (text, at) = text_of_variant(variant, errors);
        if let Some(Variant { name, .. }) = all.iter().rev().find(|other| other.text == text) {
            errors.at(at, format!("\"{text}\" stands for `{name}` already: two variants would be one key"));
        }
        all.push(Variant { name: &variant.ident, text, fields: fields(&variant.fields, errors) });
    }
    all
}
