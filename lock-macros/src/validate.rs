//! Rules that need more than one argument, or the function too.

use lock_rules::MAX_PART_BYTES;
use proc_macro2::Span;
use syn::{Expr, Ident};

use crate::args::{Arguments, Given, Kind, Length, Text};
use crate::errors::Errors;
use crate::function::Parameters;
use crate::key;
use crate::segment::{self, Mistake};

/// Reports every broken rule.
pub(crate) fn validate(
    arguments: &Arguments,
    delimiter: &str,
    function: &Ident,
    parameters: &Parameters,
    errors: &mut Errors,
) {
    says_which_lock(arguments, function, errors);
    for given in [&arguments.prefix, &arguments.name].into_iter().flatten() {
        is_fixed(given, delimiter, parameters, errors);
    }
    guard_is_new(arguments, parameters, errors);
    one_key_or_several(arguments, errors);
    keys_or_generator(arguments, errors);
    several_of_a_kind(arguments, errors);
    renewed_for_a_while(arguments, errors);
}

/// Nothing is derived from the function's path: moving a function would change its lock in the middle of a deploy. And
/// a key alone would be one lock for every function that has such an argument.
fn says_which_lock(arguments: &Arguments, function: &Ident, errors: &mut Errors) {
    if ["prefix", "name", "key_generator"].into_iter().any(|name| arguments.attempted(name)) {
        return;
    }
    match arguments.seen("key").or(arguments.seen("keys")) {
        Some(key) => errors.at(
            key,
            format!(
                "say which lock this is: add `prefix = \"{function}\"`; \
                 a key alone would be shared by every function with the same argument"
            ),
        ),
        None => errors.at(
            Span::call_site(),
            format!("say which lock this is: add `name = \"{function}\"`, and `key = ..` for one lock per argument"),
        ),
    }
}

fn is_fixed(given: &Given<Text>, delimiter: &str, parameters: &Parameters, errors: &mut Errors) {
    let Given { name, value } = given;
    match value {
        Text::Literal(text) => {
            let value = text.value();
            if value.is_empty() {
                errors.under(text, format!("`{name}` is empty: write some text, or leave `{name}` out"));
                return;
            }
            let Err(mistake) = segment::check_text(&value, delimiter) else {
                return;
            };
            errors.under(text, match mistake {
                Mistake::Delimiter(_) => one_segment(name, &value, delimiter),
                Mistake::Brace => {
                    format!("`{name}` is fixed text and cannot hold braces: write what varies as `key = \"{value}\"`")
                }
                Mistake::Forbidden(what) => format!("`{name}` cannot hold {what}: {}", without(name, &value, delimiter)),
                Mistake::TooLong => format!("`{name}` is longer than {MAX_PART_BYTES} bytes: shorten it"),
            });
        }
        Text::Expression(value) => {
            let varying = key::mentions(value, parameters);
            for parameter in &varying {
                errors.at(
                    parameter.span(),
                    format!("`{name}` is fixed, but `{parameter}` is a parameter: write `key = ..` for what varies"),
                );
            }
            if let Some(word) = lower_case(value).filter(|_| varying.is_empty()) {
                errors.at(word.span(), format!("text is written in quotes: `{name} = \"{word}\"`"));
            }
        }
    }
}

fn one_segment(name: &Ident, text: &str, delimiter: &str) -> String {
    let wrong =
        format!("`{name}` is one segment of the lock's name and cannot hold the delimiter `{delimiter}`");
    let parts: Vec<&str> = text.split(delimiter).collect();
    match parts.as_slice() {
        [first, second] if *name == "prefix" && !first.is_empty() && !second.is_empty() => {
            format!("{wrong}: write `prefix = \"{first}\", name = \"{second}\"`")
        }
        _ => format!("{wrong}: write another character, or choose another `delimiter`"),
    }
}

/// What to write instead of a text with characters that cannot be part of a name.
fn without(name: &Ident, text: &str, delimiter: &str) -> String {
    let joined = segment::joined(text, delimiter, &char::is_whitespace);
    match segment::check_text(&joined, delimiter) {
        Ok(()) if !joined.is_empty() => format!("write `{name} = \"{joined}\"`"),
        _ => "leave it out".to_owned(),
    }
}

/// `prefix = order`: constants are upper-case, so this is text without its quotes.
fn lower_case(value: &Expr) -> Option<&Ident> {
    let Expr::Path(path) = value else { return None };
    path.path.get_ident().filter(|name| name.to_string().starts_with(char::is_lowercase))
}

/// A guard named like a parameter would hide it in the body without a word.
fn guard_is_new(arguments: &Arguments, parameters: &Parameters, errors: &mut Errors) {
    let guard = arguments.guard.as_ref().map(|given| &given.value);
    if let Some(guard) = guard.filter(|guard| parameters.binds(guard)) {
        errors.at(
            guard.span(),
            format!("`{guard}` is a parameter, which the guard would hide: give it another name"),
        );
    }
}

fn one_key_or_several(arguments: &Arguments, errors: &mut Errors) {
    if let (Some(_), Some(keys)) = (arguments.seen("key"), arguments.seen("keys")) {
        errors.at(
            keys,
            "one lock or several: keep `key`, or put what it says into each of the `keys`, as in \
             `keys = items.iter().map(|item| (shop, item.sku))`",
        );
    }
}

fn keys_or_generator(arguments: &Arguments, errors: &mut Errors) {
    if let (Some(_), Some(generator)) = (arguments.seen("keys"), arguments.seen("key_generator")) {
        errors.at(
            generator,
            "`key_generator` makes all keys of the call: leave `keys` out and implement `LockKeyGenerator::lock_keys`, or keep \
             `keys` alone",
        );
    }
}

/// How long a lease is renewed says nothing where it is not, or where the first one lasts longer.
fn renewed_for_a_while(arguments: &Arguments, errors: &mut Errors) {
    let Some(max_hold) = &arguments.max_hold else { return };
    if arguments.renew.as_ref().is_some_and(|renew| !renew.value) {
        errors.at(
            max_hold.name.span(),
            "`max_hold` says when renewing ends, but `renew = false` renews nothing: leave `max_hold` out, and say the length of \
             the hold with `expire`",
        );
        return;
    }
    if let (Length::Literal(hold), Some(Given { value: Length::Literal(lease), .. })) =
        (&max_hold.value, &arguments.expire)
        && hold < lease
    {
        errors.at(
            max_hold.name.span(),
            format!(
                "`max_hold` is {hold:?}, but the lease alone lasts {lease:?}: write a longer `max_hold` or a shorter `expire`"
            ),
        );
    }
}

/// Who comes first is said for one name only; and a red lock asks its masters for one name.
fn several_of_a_kind(arguments: &Arguments, errors: &mut Errors) {
    let Some(Given { value: (kind, at), .. }) = &arguments.kind else {
        return;
    };
    if arguments.seen("keys").is_none() {
        return;
    }
    let why = match kind {
        Kind::Fair => "several locks have no common order of arrival",
        Kind::Red => "a red lock is a single one",
        Kind::Reentrant | Kind::Read | Kind::Write => return,
    };
    errors.at(*at, format!("{why}: with `keys` leave `kind` out, or write \"read\" or \"write\""));
}
