//! How the function is run: awaited, returning a future, or plain.

use syn::{
    AngleBracketedGenericArguments, GenericArgument, PathArguments, PathSegment, ReturnType, Signature, Type,
    TypeParamBound,
};

/// How the body runs and what it returns in the end; `None` where the type is not written out.
pub(crate) enum Mode {
    /// `async fn`.
    Async(Option<Type>),
    /// A plain function that returns a future: the lock goes around the future, not around its making.
    Future {
        /// Whether the future is boxed and pinned, as async-trait writes it.
        boxed: bool,
        output: Option<Type>,
    },
    /// A plain function.
    Plain(Option<Type>),
}

impl Mode {
    pub(crate) fn of(sig: &Signature) -> Self {
        let returned = match &sig.output {
            ReturnType::Default => None,
            ReturnType::Type(_, returned) => Some(&**returned),
        };
        if sig.asyncness.is_some() {
            return Self::Async(returned.cloned());
        }
        let future = returned.and_then(future);
        future.unwrap_or_else(|| Self::Plain(returned.cloned()))
    }

    /// What the body returns in the end.
    pub(crate) fn output(&self) -> Option<&Type> {
        match self {
            Self::Async(output) | Self::Plain(output) | Self::Future { output, .. } => output.as_ref(),
        }
    }
}

/// `impl Future<..>`, `Pin<Box<dyn Future<..>>>`, `BoxFuture<..>` and `LocalBoxFuture<..>`.
fn future(returned: &Type) -> Option<Mode> {
    match returned {
        Type::Group(group) => future(&group.elem),
        Type::Paren(paren) => future(&paren.elem),
        Type::ImplTrait(bounds) => {
            Some(Mode::Future { boxed: false, output: future_output(bounds.bounds.iter())? })
        }
        Type::Path(path) => {
            let last = path.path.segments.last()?;
            match last.ident.to_string().as_str() {
                "Pin" => {
                    let Type::Path(inner) = types(last).next()? else {
                        return None;
                    };
                    let inner = inner.path.segments.last().filter(|inner| inner.ident == "Box")?;
                    let Type::TraitObject(object) = types(inner).next()? else {
                        return None;
                    };
                    Some(Mode::Future { boxed: true, output: future_output(object.bounds.iter())? })
                }
                "BoxFuture" | "LocalBoxFuture" => {
                    Some(Mode::Future { boxed: true, output: types(last).next().cloned() })
                }
                _ => None,
            }
        }
        _ => None,
    }
}

/// The `Output` of the bound that is `Future`; the outer `None` if there is no such bound.
fn future_output<'a>(mut bounds: impl Iterator<Item = &'a TypeParamBound>) -> Option<Option<Type>> {
    let last = bounds.find_map(|bound| match bound {
        TypeParamBound::Trait(bound) => bound.path.segments.last().filter(|last| last.ident == "Future"),
        _ => None,
    })?;
    Some(arguments(last).into_iter().flat_map(|arguments| &arguments.args).find_map(
        |argument| match argument {
            GenericArgument::AssocType(output) if output.ident == "Output" => Some(output.ty.clone()),
            _ => None,
        },
    ))
}

fn types(segment: &PathSegment) -> impl Iterator<Item = &Type> {
    arguments(segment).into_iter().flat_map(|arguments| &arguments.args).filter_map(|argument| match argument
    {
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

    fn mode(text: &str) -> String {
        let output = |output: &Option<Type>| {
            output
                .as_ref()
                .map_or("?".to_owned(), |output| output.to_token_stream().to_string().replace(' ', ""))
        };
        match Mode::of(&syn::parse_str(text).unwrap()) {
            Mode::Async(ty) => format!("async {}", output(&ty)),
            Mode::Plain(ty) => format!("plain {}", output(&ty)),
            Mode::Future { boxed, output: ty } => {
                format!("{} {}", if boxed { "boxed" } else { "future" }, output(&ty))
            }
        }
    }

    #[test]
    fn futures_are_told_from_other_returns() {
        assert_eq!(mode("async fn f() -> R"), "async R");
        assert_eq!(mode("fn f() -> R"), "plain R");
        assert_eq!(mode("fn f()"), "plain ?");
        assert_eq!(mode("fn f() -> impl Future<Output = R> + Send"), "future R");
        assert_eq!(mode("fn f() -> impl Send + core::future::Future<Output = R>"), "future R");
        assert_eq!(mode("fn f() -> Pin<Box<dyn Future<Output = R> + Send + 'a>>"), "boxed R");
        assert_eq!(
            mode("fn f() -> ::core::pin::Pin<Box<dyn ::core::future::Future<Output = R>>>"),
            "boxed R"
        );
        assert_eq!(mode("fn f() -> BoxFuture<'a, R>"), "boxed R");
        assert_eq!(mode("fn f() -> impl Iterator<Item = R>"), "plain implIterator<Item=R>");
        assert_eq!(mode("fn f() -> Box<dyn Future<Output = R>>"), "plain Box<dynFuture<Output=R>>");
    }
}
