//! From the argument `keys` to where the keys of several locks come from.

use lock_rules::MAX_NAMES;
use proc_macro2::Span;
use quote::ToTokens;
use syn::{Expr, ExprArray, LitStr, UnOp};

use super::roots::{Purpose, refuse};
use super::{Scope, Segment, read, respan, template, unreadable};
use crate::args::string;
use crate::errors::Errors;
use crate::segment::as_name;

/// Where several keys come from.
pub(crate) enum Several {
    /// `[from, to]`: each element is a key of its own, borrowed where it stands.
    List(Vec<Vec<Segment>>),
    /// A parameter, a field: borrowed, so that the body still owns it.
    Place(Expr),
    /// Any other expression, used as it is written: an iterator.
    Value(Expr),
}

/// Reads `keys` and checks it against the parameters of the function; `None` if it was reported.
pub(crate) fn several(keys: Expr, scope: Scope<'_>, errors: &mut Errors) -> Option<Several> {
    let at = string(&keys).map(LitStr::span);
    let value = match string(&keys) {
        Some(text) => from_string(text, scope, errors)?,
        None => keys,
    };
    let value = without_parentheses(value);
    refuse(Purpose::Key, &value, at, scope, errors);
    match value {
        Expr::Array(list) => from_list(list, at, scope.delimiter, errors),
        Expr::Tuple(tuple) => {
            let elements: Vec<_> =
                tuple.elems.iter().map(|element| element.to_token_stream().to_string()).collect();
            let elements = elements.join(", ");
            report(
                at,
                &tuple,
                format!(
                    "a tuple is one key: for a lock of each element write `keys = [{elements}]`, \
                     for one lock `key = ({elements})`"
                ),
                errors,
            );
            None
        }
        Expr::Lit(fixed) => {
            let name = as_name(&read::text_of(&fixed.lit), scope.delimiter);
            report(
                at,
                &fixed,
                format!("the keys are the same for every call: for a fixed name write {name}"),
                errors,
            );
            None
        }
        place if is_place(&place) => Some(Several::Place(place)),
        value => Some(Several::Value(value)),
    }
}

fn from_string(text: &LitStr, scope: Scope<'_>, errors: &mut Errors) -> Option<Expr> {
    let code = text.value();
    if code.trim().is_empty() {
        errors.under(
            text,
            "no keys: write what goes through them, as in `keys = \"ids\"`, or `key = ..` for one lock",
        );
        return None;
    }
    let read = respan::expression(&code, text.span(), scope.parameters);
    if template::is_template(&code) {
        let message = match read {
            Ok(value) if !matches!(value, Expr::Block(_)) => {
                format!("braces in quotes are a template, which is one key: write it without quotes, `keys = {code}`")
            }
            _ => "a template is one key: write `key = ..` for one lock, or what makes a key of each item, as in \
                  `keys = items.iter().map(|item| (item.shop, item.sku))`"
                .to_owned(),
        };
        errors.under(text, message);
        return None;
    }
    read.map_err(|_| {
        let instead = unreadable::instead(&code, scope.parameters).unwrap_or_else(|| {
            "`keys` is an expression, as in `items.iter().map(|i| i.sku)` or `[from, to]`".to_owned()
        });
        errors.under(text, format!("cannot read `{code}`: {instead}"));
    })
    .ok()
}

fn from_list(list: ExprArray, at: Option<Span>, delimiter: &str, errors: &mut Errors) -> Option<Several> {
    if list.elems.is_empty() {
        report(at, &list, "no keys: name what is locked, as in `keys = [from, to]`".to_owned(), errors);
        return None;
    }
    if list.elems.len() > MAX_NAMES {
        let count = list.elems.len();
        let message = format!(
            "{count} keys, but one lock takes at most {MAX_NAMES}: take one lock for what they have in common"
        );
        report(at, &list, message, errors);
        return None;
    }
    Some(Several::List(
        list.elems.into_iter().map(|element| read::elements(element, "a list", delimiter, errors)).collect(),
    ))
}

/// At the string that the code stood in, else under the code.
fn report(at: Option<Span>, code: &impl ToTokens, message: String, errors: &mut Errors) {
    match at {
        Some(literal) => errors.at(literal, message),
        None => errors.under(code, message),
    }
}

fn without_parentheses(value: Expr) -> Expr {
    match value {
        Expr::Group(group) => without_parentheses(*group.expr),
        Expr::Paren(paren) => without_parentheses(*paren.expr),
        value => value,
    }
}

/// Whether using `value` would move out of something that has a name.
fn is_place(value: &Expr) -> bool {
    match value {
        Expr::Path(_) => true,
        Expr::Field(field) => is_place(&field.base),
        Expr::Index(_) => true,
        Expr::Unary(unary) => matches!(unary.op, UnOp::Deref(_)),
        Expr::Group(group) => is_place(&group.expr),
        Expr::Paren(paren) => is_place(&paren.expr),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use syn::Signature;

    use super::*;
    use crate::function::Parameters;

    fn read(keys: &str) -> (Option<Several>, Vec<String>) {
        let mut sig: Signature =
            syn::parse_str("fn pay(ids: Vec<u64>, order: Order, from: u64, to: u64)").unwrap();
        let parameters = Parameters::take(&mut sig);
        let mut errors = Errors::default();
        let keys: Expr = syn::parse_str(keys).unwrap();
        let several = several(
            keys,
            Scope { function: &sig.ident, parameters: &parameters, delimiter: ":" },
            &mut errors,
        );
        (several, errors.messages())
    }

    fn message(keys: &str) -> String {
        let (_, messages) = read(keys);
        assert_eq!(messages.len(), 1, "{keys}: {messages:?}");
        messages.into_iter().next().unwrap()
    }

    #[test]
    fn places_are_borrowed_and_values_used() {
        for place in ["ids", "\"ids\"", "order.items", "\"(order.items)\"", "ids[1..]", "*ids", "self::IDS"] {
            assert!(matches!(read(place), (Some(Several::Place(_)), none) if none.is_empty()), "{place}");
        }
        for value in [
            "ids.iter()",
            "\"ids.iter()\"",
            "&ids",
            "from..to",
            "order.items.iter().map(|i| (order.shop, i.sku))",
            "order.items.iter().map(|i| { let sku = i.sku; sku })",
            "all(order)",
            "ids.iter().map(normalize)",
            "\"ids.iter().map(normalize)\"",
            "order.items().skus",
        ] {
            assert!(matches!(read(value), (Some(Several::Value(_)), none) if none.is_empty()), "{value}");
        }
        for list in ["[from, to]", "\"[from, to]\"", "[(from, order.shop), (to, order.shop)]"] {
            assert!(
                matches!(read(list), (Some(Several::List(list)), none) if list.len() == 2 && none.is_empty()),
                "{list}"
            );
        }
    }

    #[test]
    fn what_is_one_key_is_refused() {
        assert!(message("(from, to)").contains("write `keys = [from, to]`"));
        assert!(message("\"{from}:{to}\"").contains("a template is one key"));
        assert!(message("\"{ids}\"").contains("a template is one key"));
        assert!(message("42").contains("the same for every call"));
        assert!(message("\"42\"").contains("the same for every call"));
        assert!(message("[]").contains("no keys"));
        let many = |count| format!("[{}]", vec!["from"; count].join(", "));
        assert!(read(&many(MAX_NAMES)).0.is_some());
        assert!(message(&many(MAX_NAMES + 1)).starts_with("129 keys, but one lock takes at most 128"));
        assert!(message("\"\"").contains("no keys"));
    }

    #[test]
    fn code_with_braces_is_written_without_quotes() {
        assert!(
            message("\"ids.iter().map(|i| { i })\"").contains("write it without quotes, `keys = ids.iter()")
        );
    }

    #[test]
    fn names_and_control_flow_are_checked_like_a_key() {
        assert!(message("\"idz.iter()\"").contains("did you mean `ids`?"));
        assert!(
            message("order.items.iter().map(|i| (shop, i.sku))")
                .contains("`shop` is not a parameter of `pay`")
        );
        assert!(message("order.load()?").contains("`?` cannot stand"));
        assert!(message("[\"from\", to]").contains("write `from` without quotes"));
        assert!(message("\"ids, order\"").contains("cannot read"));
    }
}
