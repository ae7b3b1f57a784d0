//! From the argument `key` to segments.

use quote::ToTokens;
use syn::{Expr, Ident, Lit, LitStr};

use super::roots::{self, Purpose, refuse};
use super::{Segment, respan, template};
use crate::args::string;
use crate::errors::Errors;
use crate::function::Parameters;

/// Reads a key and checks it against the parameters of `function`.
pub(crate) fn read(
    key: &Expr,
    delimiter: &str,
    function: &Ident,
    parameters: &Parameters,
    errors: &mut Errors,
) -> Vec<Segment> {
    let segments = match string(key) {
        Some(text) if template::is_template(&text.value()) => {
            from_template(text, delimiter, parameters, errors)
        }
        Some(text) => {
            let Some(value) = from_string(text, function, parameters, errors) else {
                return Vec::new();
            };
            elements(value, "a tuple", errors)
        }
        None => elements(key.clone(), "a tuple", errors),
    };
    if let [Segment::Value { value: Expr::Lit(value), .. }] = segments.as_slice()
        && string(key).is_none_or(|text| !template::is_template(&text.value()))
        && !matches!(value.lit, Lit::Str(_))
    {
        let fixed = value.lit.to_token_stream();
        errors.under(
            key,
            format!("the key is the same for every call: for a fixed name write `name = \"{fixed}\"`"),
        );
    }
    for segment in &segments {
        let Segment::Value { value, .. } = segment else {
            continue;
        };
        refuse(Purpose::Key, value, string(key).map(LitStr::span), function, parameters, errors);
    }
    segments
}

fn from_template(
    text: &LitStr,
    delimiter: &str,
    parameters: &Parameters,
    errors: &mut Errors,
) -> Vec<Segment> {
    let slots = match template::parse(&text.value(), delimiter) {
        Ok(slots) => slots,
        Err(mistakes) => {
            mistakes.into_iter().for_each(|mistake| errors.under(text, mistake));
            return Vec::new();
        }
    };
    let mut segments = Vec::new();
    for slot in slots {
        let Some(code) = slot.placeholder else {
            segments.push(Segment::Text(slot.before));
            continue;
        };
        match respan::expression(&code, text.span(), parameters) {
            Ok(value) => segments.push(Segment::Value { before: slot.before, value, after: slot.after }),
            Err(error) => errors.push(error),
        }
    }
    segments
}

fn from_string(
    text: &LitStr,
    function: &Ident,
    parameters: &Parameters,
    errors: &mut Errors,
) -> Option<Expr> {
    let code = text.value();
    if code.trim().is_empty() {
        errors.under(
            text,
            "the key is empty: write a parameter, as in `key = \"order_id\"`, or leave `key` out if one lock is enough",
        );
        return None;
    }
    let read = respan::expression(&code, text.span(), parameters);
    if is_fixed_text(&code, read.as_ref().ok(), parameters) {
        errors.under(
            text,
            format!(
                "`{code}` names no parameter of `{function}`, a key comes from its arguments; \
                 for a fixed name write `name = \"{code}\"`"
            ),
        );
        return None;
    }
    read.map_err(|_| {
        let hint = "a key is an expression, as in `order.id`, or a template, as in `{user.id}:{sku}`";
        errors.under(text, format!("cannot read `{code}`: {hint}"));
    })
    .ok()
}

/// Whether `"daily"` or `"nightly-report"` was meant as the name itself: words, none of which is or resembles a
/// parameter.
fn is_fixed_text(code: &str, read: Option<&Expr>, parameters: &Parameters) -> bool {
    let wordy = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | ':' | '/' | '#' | ' ');
    if !code.chars().all(wordy) || code.starts_with(|c: char| c.is_ascii_digit()) || code.contains("::") {
        return false;
    }
    let known = parameters.names();
    let words: Vec<&str> =
        code.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|w| !w.is_empty()).collect();
    let resembles =
        words.iter().any(|word| crate::suggest::closest(word, known.iter().map(String::as_str)).is_some());
    let foreign = read.is_none_or(|value| {
        let unknown = roots::unknown(value, parameters);
        !unknown.is_empty() && roots::mentions(value, parameters).is_empty()
    });
    !resembles && foreign
}

/// A tuple is taken apart here, so that each element is borrowed where it stands: `&(a, b)` would move both.
pub(super) fn elements(value: Expr, inside: &str, errors: &mut Errors) -> Vec<Segment> {
    match value {
        Expr::Group(group) => elements(*group.expr, inside, errors),
        Expr::Paren(paren) => elements(*paren.expr, inside, errors),
        Expr::Tuple(tuple) if tuple.elems.is_empty() => {
            errors.under(tuple, "the key is empty: write a parameter, as in `key = (user.id, sku)`");
            Vec::new()
        }
        Expr::Tuple(tuple) => {
            tuple.elems.into_iter().flat_map(|element| elements(element, "a tuple", errors)).collect()
        }
        value => {
            if let Some(text) = string(&value) {
                let inner = text.value();
                errors.under(
                    text,
                    format!(
                        "a string inside {inside} is fixed text: write `{inner}` without quotes if it is an expression, \
                         or `name = \"{inner}\"` if it is a name"
                    ),
                );
            }
            vec![Segment::Value { before: String::new(), value, after: String::new() }]
        }
    }
}

#[cfg(test)]
mod tests {
    use syn::Signature;

    use super::*;

    fn messages(key: &str) -> Vec<String> {
        let mut sig: Signature = syn::parse_str("fn pay(order_id: u64, user: User)").unwrap();
        let parameters = Parameters::take(&mut sig);
        let mut errors = Errors::default();
        let key: Expr = syn::parse_str(key).unwrap();
        read(&key, ":", &sig.ident, &parameters, &mut errors);
        errors.messages()
    }

    fn message(key: &str) -> String {
        let messages = messages(key);
        assert_eq!(messages.len(), 1, "{key}: {messages:?}");
        messages.into_iter().next().unwrap()
    }

    #[test]
    fn right_keys_are_silent() {
        for key in [
            "order_id",
            "\"order_id\"",
            "user.id",
            "\"user.id\"",
            "(user.id, order_id)",
            "\"(user.id, order_id)\"",
            "\"{user.id}:{order_id}\"",
            "\"user-{user.id}:eu:{order_id}\"",
            "user.name()",
            "\"Kind::of(order_id)\"",
            "if user.vip { 1 } else { 2 }",
            "(user.a, (user.b, order_id))",
        ] {
            assert_eq!(messages(key), Vec::<String>::new(), "{key}");
        }
    }

    #[test]
    fn a_misspelt_parameter_is_corrected() {
        assert!(message("\"ordr_id\"").contains("did you mean `order_id`?"));
        assert!(message("usr.id").contains("did you mean `user`?"));
        assert!(message("\"{usr.id}\"").contains("did you mean `user`?"));
    }

    #[test]
    fn fixed_text_belongs_to_name() {
        for text in ["daily", "nightly-report", "refund:mail", "send mails"] {
            assert!(message(&format!("{text:?}")).contains(&format!("write `name = \"{text}\"`")), "{text}");
        }
        assert!(message("42").contains("write `name = \"42\"`"));
        assert!(message("\"42\"").contains("write `name = \"42\"`"));
        assert!(message("daily").contains("write `name = \"daily\"`"));
        assert!(message("(\"user.id\", order_id)").contains("without quotes"));
    }

    #[test]
    fn an_empty_key_and_control_flow_are_refused() {
        assert!(message("\"\"").contains("the key is empty"));
        assert!(message("()").contains("the key is empty"));
        assert!(message("order_id?").contains("`?` cannot stand"));
        assert!(message("\"user.load().await\"").contains("`.await` cannot stand"));
        assert!(message("\"order_id +\"").contains("cannot read"));
    }
}
