//! The types inside of a type.

use syn::punctuated::Punctuated;
use syn::{GenericArgument, Path, PathArguments, ReturnType, Token, Type, TypeParamBound};

/// The types that `ty` is made of, without what they are made of in turn.
pub(crate) fn types(ty: &Type) -> Vec<&Type> {
    match ty {
        Type::Array(array) => vec![&array.elem],
        Type::FnPtr(function) => {
            let inputs = function.inputs.iter().map(|input| &input.ty);
            inputs.chain(returned(&function.output)).collect()
        }
        Type::Group(group) => vec![&group.elem],
        Type::ImplTrait(hidden) => of_bounds(&hidden.bounds),
        Type::Paren(paren) => vec![&paren.elem],
        Type::Path(path) => {
            let of = path.qself.iter().map(|of| &*of.ty);
            of.chain(of_path(&path.path)).collect()
        }
        Type::Ptr(pointer) => vec![&pointer.elem],
        Type::Reference(reference) => vec![&reference.elem],
        Type::Slice(slice) => vec![&slice.elem],
        Type::TraitObject(object) => of_bounds(&object.bounds),
        Type::Tuple(tuple) => tuple.elems.iter().collect(),
        _ => Vec::new(),
    }
}

/// Whether there is an `impl Trait` anywhere in `ty`.
pub(crate) fn hides(ty: &Type) -> bool {
    matches!(ty, Type::ImplTrait(_)) || types(ty).into_iter().any(hides)
}

fn of_bounds(bounds: &Punctuated<TypeParamBound, Token![+]>) -> Vec<&Type> {
    let mut types = Vec::new();
    for bound in bounds {
        if let TypeParamBound::Trait(bound) = bound {
            types.append(&mut of_path(&bound.path));
        }
    }
    types
}

fn of_path(path: &Path) -> Vec<&Type> {
    let mut types = Vec::new();
    for segment in &path.segments {
        match &segment.arguments {
            PathArguments::None => {}
            PathArguments::AngleBracketed(arguments) => {
                for argument in &arguments.args {
                    match argument {
                        GenericArgument::Type(ty) => types.push(ty),
                        GenericArgument::AssocType(assoc) => types.push(&assoc.ty),
                        _ => {}
                    }
                }
            }
            PathArguments::Parenthesized(arguments) => {
                types.extend(arguments.inputs.iter().map(|input| &input.ty));
                types.extend(returned(&arguments.output));
            }
        }
    }
    types
}

fn returned(output: &ReturnType) -> Option<&Type> {
    match output {
        ReturnType::Default => None,
        ReturnType::Type(_, ty) => Some(ty),
    }
}

#[cfg(test)]
mod tests {
    use quote::ToTokens;

    use super::*;

    fn text(tokens: &impl ToTokens) -> String {
        tokens.to_token_stream().to_string().replace(' ', "")
    }

    #[test]
    fn every_kind_of_type_gives_up_its_parts() {
        for (ty, inner) in [
            ("[A; 3]", "A"),
            ("fn(A, b: B) -> C", "A B C"),
            ("impl Fn(A) -> B + Iterator<Item = C>", "A B C"),
            ("(A)", "A"),
            ("<A as B<C>>::D<E>", "A C E"),
            ("Result<A, Vec<B>>", "A Vec<B>"),
            ("*const A", "A"),
            ("&'a mut A", "A"),
            ("&[A]", "[A]"),
            ("dyn A<'a, B, C = D> + Send", "B D"),
            ("(A, B)", "A B"),
            ("!", ""),
            ("A", ""),
        ] {
            let ty: Type = syn::parse_str(ty).unwrap();
            let parts: Vec<_> = types(&ty).into_iter().map(text).collect();
            assert_eq!(parts.join(" "), inner);
        }
    }
}
