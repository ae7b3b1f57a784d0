//! Return types whose values run code of the function when its lock has been freed already.
//!
//! Told by the names of traits, and of what is commonly an alias for one: types are not known here. A value that is named by a
//! type of its own says what it does, and passes: a `std::vec::IntoIter` has its items, a `File` is used without the lock by
//! intent. So does a closure: nobody takes it for what the function has done.

use syn::punctuated::Punctuated;
use syn::{
    AngleBracketedGenericArguments, GenericArgument, Path, PathArguments, Token, Type, TypeParamBound,
    TypePath,
};

/// What is done with a value after the function has returned it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lazy {
    Future,
    Stream,
    Iterator,
    Reader,
    Writer,
}

impl Lazy {
    /// What is wrong, and what to write instead.
    pub(super) fn message(self, is_async: bool) -> &'static str {
        match self {
            Self::Future if is_async => {
                "this future would run after the lock is freed: await it in the function, and return what it gives"
            }
            Self::Future => {
                "this future would run after the lock is freed: write `async fn`, await it in the function, and return what it \
                 gives"
            }
            Self::Stream => {
                "this stream would run after the lock is freed: collect it in the function and return a `Vec`, or take the lock \
                 by hand inside of the stream (`LockManager::lock`)"
            }
            Self::Iterator => {
                "this iterator would run after the lock is freed: collect it in the function and return a `Vec`; one that has \
                 all its items is named by its type, as in `std::vec::IntoIter<..>`"
            }
            Self::Reader => {
                "this would be read after the lock is freed: read it in the function and return what it held; a reader that \
                 needs no lock is named by its type, as in `std::io::Cursor<..>`"
            }
            Self::Writer => {
                "this would be written to after the lock is freed: write in the function, and take what is written as a \
                 parameter; a writer that needs no lock is named by its type, as in `std::fs::File`"
            }
        }
    }

    fn of_trait(path: &Path) -> Option<Self> {
        Some(match path.segments.last()?.ident.to_string().as_str() {
            "Future" | "IntoFuture" | "TryFuture" | "FusedFuture" => Self::Future,
            "Stream" | "TryStream" | "FusedStream" | "AsyncIterator" => Self::Stream,
            "Iterator"
            | "IntoIterator"
            | "DoubleEndedIterator"
            | "ExactSizeIterator"
            | "FusedIterator"
            | "ParallelIterator"
            | "IndexedParallelIterator" => Self::Iterator,
            "Read" | "BufRead" | "AsyncRead" | "AsyncBufRead" => Self::Reader,
            "Write" | "AsyncWrite" | "Sink" => Self::Writer,
            _ => return None,
        })
    }

    /// `BoxStream<'_, T>`, `Self::WatchStream`.
    fn of_type(ty: &TypePath) -> Option<Self> {
        let name = ty.path.segments.last()?.ident.to_string();
        match name.as_str() {
            "BoxFuture" | "LocalBoxFuture" => return Some(Self::Future),
            "BoxStream" | "LocalBoxStream" => return Some(Self::Stream),
            _ => {}
        }
        let is_associated =
            ty.qself.is_some() || (ty.path.segments.len() > 1 && ty.path.segments.first()?.ident == "Self");
        let ends = |ends: &[&str]| is_associated && ends.iter().any(|end| name.ends_with(end));
        [
            (Self::Future, ["Future", "Fut"].as_slice()),
            (Self::Stream, &["Stream"]),
            (Self::Iterator, &["Iter", "Iterator"]),
        ]
        .into_iter()
        .find_map(|(lazy, names)| ends(names).then_some(lazy))
    }
}

/// The lazy values in what a function returns, the outermost of each.
pub(super) fn lazy(returned: &Type) -> Vec<(&Type, Lazy)> {
    let mut found = Vec::new();
    look(returned, &mut found);
    found
}

/// Those in what a future gives that an alias stands for: `BoxFuture<'_, T>`.
pub(super) fn lazy_inside(future: &Type) -> Vec<(&Type, Lazy)> {
    let mut found = Vec::new();
    match future {
        Type::Group(group) => return lazy_inside(&group.elem),
        Type::Paren(paren) => return lazy_inside(&paren.elem),
        Type::Path(path) => inside(&path.path, &mut found),
        _ => {}
    }
    found
}

fn look<'a>(ty: &'a Type, found: &mut Vec<(&'a Type, Lazy)>) {
    match ty {
        Type::Group(group) => look(&group.elem, found),
        Type::Paren(paren) => look(&paren.elem, found),
        Type::Array(array) => look(&array.elem, found),
        Type::Slice(slice) => look(&slice.elem, found),
        Type::Reference(reference) => look(&reference.elem, found),
        Type::Ptr(pointer) => look(&pointer.elem, found),
        Type::Tuple(tuple) => tuple.elems.iter().for_each(|element| look(element, found)),
        Type::ImplTrait(hidden) => bounds(ty, &hidden.bounds, found),
        Type::TraitObject(object) => bounds(ty, &object.bounds, found),
        Type::Path(path) => match Lazy::of_type(path) {
            Some(lazy) => found.push((ty, lazy)),
            None => inside(&path.path, found),
        },
        _ => {}
    }
}

fn bounds<'a>(
    ty: &'a Type,
    bounds: &'a Punctuated<TypeParamBound, Token![+]>,
    found: &mut Vec<(&'a Type, Lazy)>,
) {
    let paths = || {
        bounds.iter().filter_map(|bound| match bound {
            TypeParamBound::Trait(bound) => Some(&bound.path),
            _ => None,
        })
    };
    match paths().find_map(Lazy::of_trait) {
        Some(lazy) => found.push((ty, lazy)),
        None => paths().for_each(|path| inside(path, found)),
    }
}

/// The arguments of a path. What a function takes and gives, `Fn(A) -> B`, is not made here.
fn inside<'a>(path: &'a Path, found: &mut Vec<(&'a Type, Lazy)>) {
    for segment in &path.segments {
        let PathArguments::AngleBracketed(AngleBracketedGenericArguments { args, .. }) = &segment.arguments
        else {
            continue;
        };
        for argument in args {
            match argument {
                GenericArgument::Type(ty) => look(ty, found),
                GenericArgument::AssocType(assoc) => look(&assoc.ty, found),
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use quote::ToTokens;

    use super::*;

    fn found(ty: &str) -> Vec<(String, Lazy)> {
        let ty: Type = syn::parse_str(ty).unwrap();
        let text = |ty: &Type| ty.to_token_stream().to_string().replace(' ', "");
        lazy(&ty).into_iter().map(|(ty, lazy)| (text(ty), lazy)).collect()
    }

    #[test]
    fn what_runs_later_is_found_wherever_it_stands() {
        for (ty, expected, lazy) in [
            ("impl Stream<Item = u64>", "implStream<Item=u64>", Lazy::Stream),
            ("Result<impl Stream<Item = u64> + Send, E>", "implStream<Item=u64>+Send", Lazy::Stream),
            ("Result<Pin<Box<dyn Stream<Item = u64> + Send>>, E>", "dynStream<Item=u64>+Send", Lazy::Stream),
            ("Result<BoxStream<'static, u64>, E>", "BoxStream<'static,u64>", Lazy::Stream),
            ("Result<Response<Self::WatchStream>, Status>", "Self::WatchStream", Lazy::Stream),
            ("Result<<Self as Api>::Stream, E>", "<SelfasApi>::Stream", Lazy::Stream),
            ("Result<Sse<impl futures::Stream<Item = T>>, E>", "implfutures::Stream<Item=T>", Lazy::Stream),
            ("Option<impl Iterator<Item = impl Future>>", "implIterator<Item=implFuture>", Lazy::Iterator),
            (
                "Result<Box<dyn Send + DoubleEndedIterator<Item = A>>, E>",
                "dynSend+DoubleEndedIterator<Item=A>",
                Lazy::Iterator,
            ),
            ("Result<(u64, impl Future<Output = u64>), E>", "implFuture<Output=u64>", Lazy::Future),
            ("Result<BoxFuture<'a, ()>, E>", "BoxFuture<'a,()>", Lazy::Future),
            ("Result<[impl std::io::Read; 2], E>", "implstd::io::Read", Lazy::Reader),
            ("Result<&'a mut (dyn AsyncWrite + Unpin), E>", "dynAsyncWrite+Unpin", Lazy::Writer),
            (
                "Result<impl Holds<Items = Box<dyn Iterator<Item = A>>>, E>",
                "dynIterator<Item=A>",
                Lazy::Iterator,
            ),
        ] {
            assert_eq!(found(ty), [(expected.to_owned(), lazy)], "{ty}");
        }
        assert_eq!(found("Result<(impl Read, impl Write), E>").len(), 2);
    }

    #[test]
    fn what_has_its_value_or_is_called_by_intent_passes() {
        for ty in [
            "Result<Vec<u64>, E>",
            "Result<std::vec::IntoIter<u64>, E>",
            "Result<impl Display + Send, E>",
            "Result<impl Fn(Box<dyn Iterator<Item = u64>>) -> BoxFuture<'static, ()>, E>",
            "Result<fn(BoxFuture<'static, ()>), E>",
            "Result<Box<dyn FnOnce() + Send>, Box<dyn Error>>",
            "Result<Self::Output, Self::Error>",
            "Result<Stream, E>",
            "Result<tokio::fs::File, E>",
        ] {
            assert_eq!(found(ty), [], "{ty}");
        }
        let alias: Type = syn::parse_str("BoxFuture<'a, Result<impl Stream, E>>").unwrap();
        assert_eq!(lazy_inside(&alias).len(), 1);
        let alias: Type = syn::parse_str("BoxFuture<'a, Result<u64, E>>").unwrap();
        assert_eq!(lazy_inside(&alias).len(), 0);
    }
}
