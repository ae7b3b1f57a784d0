//! The types inside of a type.

use syn::punctuated::Punctuated;
use syn::{GenericArgument, Path, PathArguments, ReturnType, Token, Type, TypeParamBound};

/// The types that `ty` is made of, without what they are made of in turn.
pub(crate) fn types(ty: &Type) -> Vec<&Type> {
    let mut types = Vec::new();
    match ty {
        Type::Array(array) => types.push(&*array.elem),
        Type::FnPtr(function) => {
            for input in &function.inputs {
                types.push(&input.ty);
            }
            types.extend(returned(&function.output));
        }
        Type::Group(group) => types.push(&group.elem),
        Type::ImplTrait(hidden) => of_bounds(&hidden.bounds, &mut types),
        Type::Paren(paren) => types.push(&paren.elem),
        Type::Path(path) => {
            types.extend(path.qself.as_ref().map(|of| &*of.ty));
            of_path(&path.path, &mut types);
        }
        Type::Ptr(pointer) => types.push(&pointer.elem),
        Type::Reference(reference) => types.push(&reference.elem),
        Type::Slice(slice) => types.push(&slice.elem),
        Type::TraitObject(object) => of_bounds(&object.bounds, &mut types),
        Type::Tuple(tuple) => types.extend(&tuple.elems),
        _ => {}
    }
    types
}

/// Whether there is an `impl Trait` anywhere in `ty`.
pub(crate) fn hides(ty: &Type) -> bool {
    matches!(ty, Type::ImplTrait(_)) || types(ty).into_iter().any(hides)
}

fn of_bounds<'a>(bounds: &'a Punctuated<TypeParamBound, Token![+]>, types: &mut Vec<&'a Type>) {
    for bound in bounds {
        if let TypeParamBound::Trait(bound) = bound {
            of_path(&bound.path, types);
        }
    }
}

fn of_path<'a>(path: &'a Path, types: &mut Vec<&'a Type>) {
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
                for input in &arguments.inputs {
                    types.push(&input.ty);
                }
                types.extend(returned(&arguments.output));
            }
        }
    }
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
