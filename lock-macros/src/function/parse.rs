//! From tokens to a function with a body.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream, Parser};
use syn::{AttrStyle, Attribute, Ident, ReturnType, Signature, Token, Type, Visibility};

use super::Function;
use super::lazy::{lazy, lazy_inside};
use super::mode::{Mode, Returns, Unwritten, unwritten};
use crate::errors::Errors;

/// Reads the function; `None` and a report if it is none, or one that can't be locked.
pub(crate) fn parse(item: TokenStream, errors: &mut Errors) -> Option<Function> {
    let function = match Parser::parse2(function, item.clone()) {
        Ok(function) => function,
        Err(error) => {
            errors.push(not_a_function(item).unwrap_or(error));
            return None;
        }
    };
    check(&function.sig, errors);
    Some(function)
}

fn function(input: ParseStream<'_>) -> syn::Result<Function> {
    let attrs = input.call(Attribute::parse_outer)?;
    let vis: Visibility = input.parse()?;
    let defaultness = if input.peek(Token![default]) { Some(input.parse()?) } else { None };
    let sig: Signature = input.parse()?;
    if input.peek(Token![;]) {
        let end: Token![;] = input.parse()?;
        let message = format!(
            "`{}` has no body here that a lock could go around: put the attribute on its implementation",
            sig.ident
        );
        return Err(syn::Error::new_spanned(end, message));
    }
    let body = braces(input.parse()?)
        .ok_or_else(|| syn::Error::new_spanned(&sig, "expected a function with a body in braces"))?;
    let mut function = Function { attrs, vis, defaultness, sig, body };
    lift_inner_attributes(&mut function);
    Ok(function)
}

/// A body that came through a macro (`$body:block`) stands in an invisible group.
fn braces(tree: TokenTree) -> Option<Group> {
    let TokenTree::Group(group) = tree else {
        return None;
    };
    match group.delimiter() {
        Delimiter::Brace => Some(group),
        Delimiter::None => group.stream().into_iter().next().and_then(braces),
        _ => None,
    }
}

/// `#![..]` at the beginning of a body is about the function, and would be an error where the body moves to.
fn lift_inner_attributes(function: &mut Function) {
    let split = |input: ParseStream<'_>| {
        let attrs = input.call(Attribute::parse_inner)?;
        Ok((attrs, TokenStream::parse(input)?))
    };
    let Ok((attrs, rest)) = split.parse2(function.body.stream()) else {
        return;
    };
    if attrs.is_empty() {
        return;
    }
    function.attrs.extend(attrs.into_iter().map(|attr| Attribute { style: AttrStyle::Outer, ..attr }));
    let mut body = Group::new(Delimiter::Brace, rest);
    body.set_span(function.body.span());
    function.body = body;
}

fn not_a_function(item: TokenStream) -> Option<syn::Error> {
    let keyword = |input: ParseStream<'_>| {
        input.call(Attribute::parse_outer)?;
        let _: Visibility = input.parse()?;
        let _: Option<Token![unsafe]> = input.parse()?;
        let keyword = if input.peek(Ident::peek_any) { Some(input.call(Ident::parse_any)?) } else { None };
        let _: TokenStream = input.parse()?;
        Ok(keyword)
    };
    let keyword: Ident = keyword.parse2(item).ok()??;
    let message = match keyword.to_string().as_str() {
        word @ ("struct" | "enum" | "union" | "type" | "static" | "use" | "let") => {
            format!("`#[distributed_lock]` goes on a function with a body; this is a `{word}`")
        }
        word @ ("impl" | "trait" | "mod") => {
            format!(
                "`#[distributed_lock]` goes on a function; put it on each function in this `{word}` that needs a lock"
            )
        }
        _ => return None,
    };
    Some(syn::Error::new(keyword.span(), message))
}

/// Functions around which no lock can be put.
fn check(sig: &Signature, errors: &mut Errors) {
    if let Some(constness) = &sig.constness {
        errors.under(
            constness,
            "a `const fn` may run at compile time, where no lock can be taken: remove `const`",
        );
    }
    if let Some(abi) = &sig.abi {
        errors.under(
            abi,
            "an `extern` function cannot return a `Result` to its foreign caller: lock a Rust function that it calls",
        );
    }
    if let Some(variadic) = &sig.variadic {
        errors.under(variadic, "variable arguments cannot be moved into the locked body");
    }
    match &sig.output {
        ReturnType::Type(_, returned) if matches!(**returned, Type::Never(_)) => errors.under(
            returned,
            "a function that never returns cannot report a lock error: write `Result<Infallible, E>` where `E: From<LockError>`",
        ),
        ReturnType::Type(_, returned) => {
            if sig.asyncness.is_none() && is_hidden_future(returned, errors) {
                return;
            }
            let mode = Mode::of(sig);
            let lazy = match mode.returns() {
                Returns::Type(returned) => lazy(returned),
                Returns::OutputOf(future) => lazy_inside(future),
                Returns::Nothing | Returns::Inferred => Vec::new(),
            };
            for (ty, lazy) in lazy {
                errors.under(ty, lazy.message(!matches!(mode, Mode::Plain(_))));
            }
        }
        ReturnType::Default => {}
    }
}

/// Whether it is a future that is not seen, which was reported: it would be made under the lock, and awaited without it.
fn is_hidden_future(returned: &Type, errors: &mut Errors) -> bool {
    let write = "`Pin<Box<dyn Future<Output = ..>>>`";
    let unwritten = unwritten(returned);
    match &unwritten {
        Some(Unwritten::Unpinned) => {
            errors.under(
                returned,
                format!("a future in a `Box` cannot be awaited under the lock: pin it, {write}"),
            );
        }
        Some(Unwritten::Associated) => errors.under(
            returned,
            format!(
                "the lock goes around the future, which this type hides: write the future's type out, {write}"
            ),
        ),
        None => {}
    }
    unwritten.is_some()
}
