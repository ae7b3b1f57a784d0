//! `#[derive(LockKeyPart)]`: a type's fields, one after another, as parts of a key.

mod attributes;
mod bounds;
mod expand;
mod shape;

use proc_macro2::TokenStream;
use quote::quote;
use syn::DeriveInput;

use crate::errors::Errors;
use attributes::Attributes;
use shape::Shape;

/// The implementation of the trait for the type in `item`, or what is wrong with it.
pub(crate) fn lock_key_part(item: TokenStream) -> TokenStream {
    let input: DeriveInput = match syn::parse2(item) {
        Ok(input) => input,
        Err(error) => return error.to_compile_error(),
    };
    let mut errors = Errors::default();
    let attributes = Attributes::of_type(&input, &mut errors);
    let shape = Shape::of(&input, &mut errors);
    match errors.into_tokens() {
        None => expand::expand(&attributes, &input, &shape),
        Some(errors) => {
            let rejected = expand::rejected(&attributes, &input);
            quote!(#errors #rejected)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn derive(item: &str) -> String {
        lock_key_part(item.parse().unwrap()).to_string()
    }

    #[test]
    fn generated_code_names_the_private_module_alone() {
        for item in [
            "#[lock_key(crate = renamed)] struct A(u64);",
            "#[lock_key(crate = renamed)] struct A<T: X> where T: Y { a: T, b: Vec<T::Id> }",
            "#[lock_key(crate = \"renamed\")] enum A { #[lock_key(rename = \"b\")] B, C(u64), D { e: u64 } }",
        ] {
            let expanded = derive(item);
            assert!(expanded.contains("renamed :: __private"), "{expanded}");
            for other in ["lock_core", ":: core", ":: std", "alloc", "compile_error"] {
                assert!(!expanded.contains(other), "{other} in {expanded}");
            }
        }
    }

    #[test]
    fn a_type_that_is_refused_still_has_the_trait_so_that_one_mistake_is_one_error() {
        for item in [
            "struct A;",
            "struct A {}",
            "struct A();",
            "enum A {}",
            "union A { a: u64 }",
            "struct A(#[lock_key(skip)] u64);",
            "#[lock_key(rename = \"b\")] struct A(u64);",
            "enum A { #[lock_key(rename = b)] B }",
            "enum A { #[lock_key(rename = \"\")] B }",
            "enum A { #[lock_key(rename = \"C\")] B, C }",
            "enum A { #[lock_key(crate = x)] B }",
            "#[lock_key] struct A(u64);",
            "#[lock_key(crat = x)] struct A(u64);",
        ] {
            let expanded = derive(item);
            assert_eq!(expanded.matches("compile_error").count(), 1, "{item}: {expanded}");
            assert!(expanded.contains("LockKeyPart for A"), "{item}: {expanded}");
        }
    }
}
