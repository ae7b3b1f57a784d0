//! The loop over `name = value`, which goes on after a mistake.

use proc_macro2::{TokenStream, TokenTree};
use syn::ext::IdentExt;
use syn::parse::discouraged::Speculative;
use syn::parse::{Parse, ParseStream, Parser};
use syn::{Expr, Ident, Lit, Token, token};

use super::Arguments;
use super::table::{self, Argument};
use crate::errors::Errors;

/// Reads all arguments.
pub(crate) fn parse(tokens: TokenStream, errors: &mut Errors) -> Arguments {
    let mut arguments = Arguments::default();
    let all = |input: ParseStream<'_>| {
        while !input.is_empty() {
            if let Err(error) = argument(input, &mut arguments, errors) {
                errors.push(error);
            }
            to_next(input, errors)?;
        }
        Ok(())
    };
    if let Err(error) = all.parse2(tokens) {
        errors.push(error);
    }
    arguments
}

fn argument(input: ParseStream<'_>, arguments: &mut Arguments, errors: &mut Errors) -> syn::Result<()> {
    if input.peek(Lit) && !input.peek(Ident::peek_any) {
        let value: Lit = input.parse()?;
        arguments.meant.push("name");
        return Err(syn::Error::new(
            value.span(),
            "name this argument: `name = ..` for fixed text, `key = ..` for what comes from the function's arguments",
        ));
    }
    let name = input
        .call(Ident::parse_any)
        .map_err(|error| syn::Error::new(error.span(), "expected an argument, as in `prefix = \"order\"`"))?;
    let argument = match table::find(&name.unraw().to_string()) {
        Ok(argument) => argument,
        Err(unknown) => {
            skip_value(input);
            arguments.meant.extend(unknown.meant);
            return Err(syn::Error::new(name.span(), unknown.message));
        }
    };
    let twice = arguments.seen(argument.name).is_some();
    arguments.seen.push(Ident::new(argument.name, name.span()));
    let value = value(input, &name, argument)?;
    if twice {
        return Err(syn::Error::new(name.span(), format!("`{name}` is given twice: keep one")));
    }
    (argument.read)(arguments, name, value, errors);
    Ok(())
}

fn value(input: ParseStream<'_>, name: &Ident, argument: &Argument) -> syn::Result<Expr> {
    let write = format!("write `{}`", argument.example);
    if !input.peek(Token![=]) {
        return Err(syn::Error::new(name.span(), format!("`{name}` takes its value after `=`: {write}")));
    }
    let equals: Token![=] = input.parse()?;
    if input.is_empty() || input.peek(Token![,]) {
        return Err(syn::Error::new_spanned(equals, format!("`{name}` has no value: {write}")));
    }
    Expr::parse(input)
}

/// Passes over the value of an argument that is not known.
fn skip_value(input: ParseStream<'_>) {
    if !input.peek(Token![=]) {
        return;
    }
    // A value may hold commas of its own, as in `|a, b| ..`; if it is no expression, `to_next` takes what is left.
    let ahead = input.fork();
    if ahead.parse::<Token![=]>().is_ok() && ahead.parse::<Expr>().is_ok() {
        input.advance_to(&ahead);
    }
}

/// Passes over what a mistake left, up to and with the next comma.
fn to_next(input: ParseStream<'_>, errors: &mut Errors) -> syn::Result<()> {
    while !input.is_empty() && !input.peek(Token![,]) {
        let begins_next = input.peek(Ident::peek_any) && input.peek2(Token![=]) && !input.peek2(Token![==]);
        if begins_next {
            errors.at(input.span(), "write a comma between two arguments");
            return Ok(());
        }
        let _: TokenTree = input.parse()?;
    }
    if !input.is_empty() {
        let _: token::Comma = input.parse()?;
    }
    Ok(())
}
