//! The names that an expression begins with, and what cannot stand in a key.

use proc_macro2::Span;
use syn::{Expr, Ident};

use super::Scope;
use super::names::names_in;
use crate::errors::Errors;
use crate::function::Parameters;
use crate::segment::as_name;
use crate::suggest::closest;

/// Names in `value` that must be local but are not: lower-case, not called, not bound inside, no parameter. Whatever
/// else is unknown is the compiler's to say, and what is passed to a call may be a function, as in `map(normalize)`: it is
/// unknown here only if it looks like a parameter.
pub(super) fn unknown(value: &Expr, parameters: &Parameters) -> Vec<Ident> {
    let names = names_in(value);
    let is_unknown = |name: &Ident| {
        let text = name.to_string();
        let local = text.trim_start_matches("r#").starts_with(|c: char| c.is_lowercase() || c == '_');
        local && !parameters.knows(name) && !names.bound.contains(name)
    };
    let written = parameters.names();
    let resembles = |name: &Ident| name == "self" || closest(&name.to_string(), &written).is_some();
    let used = names.used.iter().filter(|used| !used.passed || resembles(&used.name)).map(|used| &used.name);
    used.filter(|name| is_unknown(name)).cloned().collect()
}

/// The parameters that `value` mentions.
pub(crate) fn mentions(value: &Expr, parameters: &Parameters) -> Vec<Ident> {
    let names = names_in(value);
    let used = names.used.iter().map(|used| &used.name);
    used.filter(|name| parameters.binds(name) && !names.bound.contains(name)).cloned().collect()
}

/// What an expression over the parameters is for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    Key,
    Generator,
    Condition,
}

/// Says that `name` is no parameter, and which one it may be.
fn report(purpose: Purpose, name: &Ident, value: &Expr, at: Span, scope: Scope<'_>, errors: &mut Errors) {
    let Scope { function, parameters, delimiter } = scope;
    if name == "self" {
        errors.at(
            at,
            match purpose {
                Purpose::Condition => {
                    format!("`{function}` has no `self` to look at: name one of its parameters")
                }
                _ => format!(
                    "`{function}` has no `self` that the key could be made from: name one of its parameters"
                ),
            },
        );
        return;
    }
    let alone = matches!(value, Expr::Path(_)) && purpose == Purpose::Key;
    let fixed = if alone {
        format!("; for a fixed name write {}", as_name(&name.to_string(), delimiter))
    } else {
        String::new()
    };
    let global = format!("a constant or function of that name is written `self::{name}`");
    let names = parameters.names();
    let meant = closest(&name.to_string(), &names);
    let hint = match (meant, names.as_slice()) {
        (Some(meant), _) if names_in(value).passes(name) => format!("did you mean `{meant}`? {global}"),
        (Some(meant), _) => format!("did you mean `{meant}`?"),
        (None, []) => format!("it has none{fixed}; {global}"),
        (None, names) => format!("it has `{}`{fixed}; {global}", names.join("`, `")),
    };
    errors.at(at, format!("`{name}` is not a parameter of `{function}`: {hint}"));
}

/// Reports what cannot stand in an expression that is evaluated before the body, and names that the function does not have.
/// What comes out of a string is shown at the string, not at code that the string became.
pub(crate) fn refuse(
    purpose: Purpose,
    value: &Expr,
    literal: Option<Span>,
    scope: Scope<'_>,
    errors: &mut Errors,
) {
    refuse_control_flow(purpose, value, literal, errors);
    for name in unknown(value, scope.parameters) {
        report(purpose, &name, value, literal.unwrap_or_else(|| name.span()), scope, errors);
    }
}

/// Reports what would leave the function, or wait, before its body runs.
pub(crate) fn refuse_control_flow(
    purpose: Purpose,
    value: &Expr,
    literal: Option<Span>,
    errors: &mut Errors,
) {
    let (place, made) = match purpose {
        Purpose::Key => ("a lock key", "the key is made"),
        Purpose::Generator => ("`key_generator`", "the key is made"),
        Purpose::Condition => ("`when`", "it is looked at"),
    };
    for (what, at) in names_in(value).leaving {
        errors.at(
            literal.unwrap_or(at),
            format!(
                "`{what}` cannot stand in {place}; {made} before the body runs: work the value out in the caller and pass it as \
                 a parameter"
            ),
        );
    }
}

#[cfg(test)]
mod tests {
    use syn::Signature;

    use super::*;

    fn unknown_in(key: &str) -> Vec<String> {
        let mut sig: Signature =
            syn::parse_str("fn f<const n: usize>(&self, order: Order, Path((id, _)): Path<(u8, u8)>)")
                .unwrap();
        let parameters = Parameters::take(&mut sig);
        unknown(&syn::parse_str(key).unwrap(), &parameters).iter().map(Ident::to_string).collect()
    }

    #[test]
    fn names_that_the_function_does_not_bind_are_found() {
        assert_eq!(unknown_in("ordr.id"), ["ordr"]);
        assert_eq!(unknown_in("(order.id, x + y)"), ["x", "y"]);
        assert_eq!(unknown_in("order.get(z + 1)"), ["z"]);
        assert_eq!(unknown_in("order.get(ordr)"), ["ordr"]);
        assert_eq!(unknown_in("_hidden"), ["_hidden"]);
        assert_eq!(unknown_in("match order.kind { kind if kind == knid => 1, _ => 2 }"), ["knid"]);
    }

    #[test]
    fn everything_else_is_left_to_the_compiler() {
        for known in [
            "order.id",
            "id",
            "self.tenant",
            "n",
            "LIMIT",
            "Self::LIMIT",
            "config::limit",
            "limit()",
            "::a::b",
            "order.items.iter().map(|i| i.sku).max()",
            "match order.kind { Some(kind) => kind, None => 0 }",
            "{ let x = order.id; x }",
            "Point { id }",
            "format!(\"{x}\")",
            "order.map(|(a, b)| a + b)",
            "order.items.iter().map(normalize)",
            "first(order, ordinal, limit)",
        ] {
            assert_eq!(unknown_in(known), Vec::<String>::new(), "{known}");
        }
    }
}
