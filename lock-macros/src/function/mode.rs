//! How the function is run: awaited, returning a future, or plain.

use syn::punctuated::Punctuated;
use syn::{
    AngleBracketedGenericArguments, GenericArgument, PathArguments, PathSegment, ReturnType, Signature,
    Token, Type, TypeParamBound,
};

/// How the body runs and what it returns in the end.
pub(crate) enum Mode<'a> {
    /// `async fn`.
    Async(Returns<'a>),
    /// A plain function that returns a future: the lock goes around the future, not around its making.
    Future {
        /// Whether the future is boxed and pinned, as async-trait writes it.
        boxed: bool,
        output: Returns<'a>,
    },
    /// A plain function.
    Plain(Returns<'a>),
}

/// What the body returns in the end, as far as the function says it.
#[derive(Clone, Copy)]
pub(crate) enum Returns<'a> {
    /// `()`, by saying nothing.
    Nothing,
    /// Written out: `R`, `Future<Output = R>`.
    Type(&'a Type),
    /// What this future gives: an alias says it, as its definition wants.
    OutputOf(&'a Type),
    /// Not said: `Future<Output: Send>`.
    Inferred,
}

impl<'a> Returns<'a> {
    /// The type as far as it is written.
    pub(crate) fn written(self) -> Option<&'a Type> {
        match self {
            Self::Type(ty) | Self::OutputOf(ty) => Some(ty),
            Self::Nothing | Self::Inferred => None,
        }
    }
}

impl<'a> Mode<'a> {
    pub(crate) fn of(sig: &'a Signature) -> Self {
        let is_async = sig.asyncness.is_some();
        match &sig.output {
            ReturnType::Default if is_async => Self::Async(Returns::Nothing),
            ReturnType::Default => Self::Plain(Returns::Nothing),
            ReturnType::Type(_, returned) if is_async => Self::Async(Returns::Type(returned)),
            ReturnType::Type(_, returned) => future(returned).unwrap_or(Self::Plain(Returns::Type(returned))),
        }
    }

    /// What the body returns in the end.
    pub(crate) fn returns(&self) -> Returns<'a> {
        match self {
            Self::Async(returned) | Self::Plain(returned) | Self::Future { output: returned, .. } => {
                *returned
            }
        }
    }
}

/// `impl Future<..>`, `Pin<Box<dyn Future<..>>>`, and by their names `BoxFuture<..>` and `LocalBoxFuture<..>`, which may be
/// anybody's: how many arguments they take and what they make of them is not known here.
fn future(returned: &Type) -> Option<Mode<'_>> {
    match returned {
        Type::Group(group) => future(&group.elem),
        Type::Paren(paren) => future(&paren.elem),
        Type::ImplTrait(bounds) => {
            Some(Mode::Future { boxed: false, output: future_output(&bounds.bounds)? })
        }
        Type::Path(path) => {
            let last = path.path.segments.last()?;
            match last.ident.to_string().as_str() {
                "Pin" => {
                    let Type::Path(inner) = first_type(last)? else {
                        return None;
                    };
                    let inner = inner.path.segments.last().filter(|inner| inner.ident == "Box")?;
                    let Type::TraitObject(object) = first_type(inner)? else {
                        return None;
                    };
                    Some(Mode::Future { boxed: true, output: future_output(&object.bounds)? })
                }
                "BoxFuture" | "LocalBoxFuture" => {
                    Some(Mode::Future { boxed: true, output: Returns::OutputOf(returned) })
                }
                _ => None,
            }
        }
        _ => None,
    }
}

/// A future that [`Mode::of`] does not take for one.
pub(super) enum Unwritten {
    /// `Box<dyn Future<..>>`.
    Unpinned,
    /// `Self::Future`, as tower's services have it.
    Associated,
}

/// Whether a return type is a future after all.
pub(super) fn unwritten(returned: &Type) -> Option<Unwritten> {
    let path = match returned {
        Type::Group(group) => return unwritten(&group.elem),
        Type::Paren(paren) => return unwritten(&paren.elem),
        Type::Path(path) => path,
        _ => return None,
    };
    let last = path.path.segments.last()?;
    if last.ident == "Future" && (path.qself.is_some() || path.path.segments.first()?.ident == "Self") {
        return Some(Unwritten::Associated);
    }
    match first_type(last)? {
        Type::TraitObject(object) if last.ident == "Box" => {
            future_output(&object.bounds).map(|_| Unwritten::Unpinned)
        }
        _ => None,
    }
}

/// The `Output` of the bound that is `Future`; `None` if there is no such bound.
fn future_output(bounds: &Punctuated<TypeParamBound, Token![+]>) -> Option<Returns<'_>> {
    let last = bounds.iter().find_map(|bound| match bound {
        TypeParamBound::Trait(bound) => bound.path.segments.last().filter(|last| last.ident == "Future"),
        _ => None,
    })?;
    let Some(arguments) = arguments(last) else { return Some(Returns::Inferred) };
    let output = arguments.args.iter().find_map(|argument| match argument {
        GenericArgument::AssocType(output) if output.ident == "Output" => Some(&output.ty),
        _ => None,
    });
    Some(output.map_or(Returns::Inferred, Returns::Type))
}

fn first_type(segment: &PathSegment) -> Option<&Type> {
    arguments(segment)?.args.iter().find_map(|argument| match argument {
        GenericArgument::Type(ty) => Some(ty),
        _ => None,
    })
}

fn arguments(segment: &PathSegment) -> Option<&AngleBracketedGenericArguments> {
    match &segment.arguments {
        PathArguments::AngleBracketed(arguments) => Some(arguments),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use quote::ToTokens;

    use super::*;

    fn mode(text_of_signature: &str) -> String {
        let text = |ty: &Type| ty.to_token_stream().to_string().replace(' ', "");
        let sig = syn::parse_str(text_of_signature).unwrap();
        let mode = Mode::of(&sig);
        let returns = match mode.returns() {
            Returns::Nothing => "()".to_owned(),
            Returns::Type(ty) => text(ty),
            Returns::OutputOf(future) => format!("of {}", text(future)),
            Returns::Inferred => "_".to_owned(),
        };
        let mode = match mode {
            Mode::Async(_) => "async",
            Mode::Plain(_) => "plain",
            Mode::Future { boxed: true, .. } => "boxed",
            Mode::Future { boxed: false, .. } => "future",
        };
        format!("{mode} {returns}")
    }

    #[test]
    fn futures_are_told_from_other_returns() {
        assert_eq!(mode("async fn f() -> R"), "async R");
        assert_eq!(mode("fn f() -> R"), "plain R");
        assert_eq!(mode("fn f()"), "plain ()");
        assert_eq!(mode("fn f() -> impl Future<Output = R> + Send"), "future R");
        assert_eq!(mode("fn f() -> impl Send + core::future::Future<Output = R>"), "future R");
        assert_eq!(mode("fn f() -> Pin<Box<dyn Future<Output = R> + Send + 'a>>"), "boxed R");
        assert_eq!(
            mode("fn f() -> ::core::pin::Pin<Box<dyn ::core::future::Future<Output = R>>>"),
            "boxed R"
        );
        assert_eq!(mode("fn f() -> BoxFuture<'a, R>"), "boxed of BoxFuture<'a,R>");
        assert_eq!(mode("fn f() -> m::LocalBoxFuture<'_>"), "boxed of m::LocalBoxFuture<'_>");
        assert_eq!(mode("fn f() -> impl Future<Output: Send>"), "future _");
        assert_eq!(mode("fn f() -> Pin<Box<dyn Future>>"), "boxed _");
        assert_eq!(mode("fn f() -> impl Iterator<Item = R>"), "plain implIterator<Item=R>");
        assert_eq!(mode("fn f() -> Box<dyn Future<Output = R>>"), "plain Box<dynFuture<Output=R>>");
    }

    #[test]
    fn a_future_that_is_not_written_out_is_noticed() {
        let hides = |ty: &str| unwritten(&syn::parse_str(ty).unwrap()).is_some();
        for future in [
            "Self::Future",
            "<Self as Service<R>>::Future",
            "Box<dyn Future<Output = R> + Send>",
            "std::boxed::Box<dyn core::future::Future<Output = R>>",
        ] {
            assert!(hides(future), "{future}");
        }
        for other in [
            "Box<dyn Iterator<Item = u8>>",
            "Pin<Box<dyn Future<Output = R>>>",
            "Self::Output",
            "S::Future",
            "R",
        ] {
            assert!(!hides(other), "{other}");
        }
    }
}
