//! From the argument `key` to segments.

use lock_rules::MAX_PARTS;
use quote::ToTokens;
use syn::{Expr, Lit, LitStr};

use super::roots::{self, Purpose, refuse};
use super::{Scope, Segment, respan, slots, template, unreadable};
use crate::args::string;
use crate::errors::Errors;
use crate::function::Parameters;
use crate::segment::as_name;
use crate::suggest::closest;

/// Reads a key and checks it against the parameters of the function.
pub(crate) fn read(key: Expr, scope: Scope<'_>, errors: &mut Errors) -> Vec<Segment> {
    let written = key.to_token_stream();
    let literal = string(&key).map(LitStr::span);
    let is_template = string(&key).is_some_and(|text| template::is_template(&text.value()));
    let segments = match string(&key) {
        Some(text) if is_template => slots::from_template(text, scope, errors),
        Some(text) => {
            let Some(value) = from_string(text, scope, errors) else {
                return Vec::new();
            };
            elements(value, "a tuple", scope.delimiter, errors)
        }
        None => elements(key, "a tuple", scope.delimiter, errors),
    };
    if let [Segment::Value { value: Expr::Lit(value), .. }] = segments.as_slice()
        && !is_template
        && !matches!(value.lit, Lit::Str(_))
    {
        let fixed = as_name(&text_of(&value.lit), scope.delimiter);
        errors.under(&written, format!("the key is the same for every call: for a fixed name write {fixed}"));
    }
    if segments.len() > MAX_PARTS {
        let message = format!(
            "the key has more than {MAX_PARTS} parts: write what identifies the value, or a hash of it as one part"
        );
        errors.under(written, message);
        return segments;
    }
    for segment in &segments {
        let Segment::Value { value, .. } = segment else {
            continue;
        };
        refuse(Purpose::Key, value, literal, scope, errors);
    }
    segments
}

/// What a literal says, without the signs around it.
pub(super) fn text_of(literal: &Lit) -> String {
    match literal {
        Lit::Str(text) => text.value(),
        Lit::ByteStr(bytes) => String::from_utf8_lossy(&bytes.value()).into_owned(),
        Lit::CStr(text) => text.value().to_string_lossy().into_owned(),
        Lit::Char(character) => character.value().to_string(),
        Lit::Byte(byte) => char::from(byte.value()).to_string(),
        other => other.to_token_stream().to_string(),
    }
}

fn from_string(text: &LitStr, scope: Scope<'_>, errors: &mut Errors) -> Option<Expr> {
    let Scope { function, parameters, delimiter } = scope;
    let code = text.value();
    if code.trim().is_empty() {
        errors.under(
            text,
            "the key is empty: write a parameter, as in `key = \"order_id\"`, or leave `key` out if one lock is enough",
        );
        return None;
    }
    let read = respan::expression(&code, text.span(), parameters);
    let instead = read.as_ref().err().and_then(|_| unreadable::instead(&code, parameters));
    if instead.is_none() && is_fixed_text(&code, read.as_ref().ok(), parameters) {
        errors.under(
            text,
            format!(
                "`{code}` names no parameter of `{function}`, a key comes from its arguments; for a fixed name write {}",
                as_name(&code, delimiter)
            ),
        );
        return None;
    }
    read.map_err(|_| {
        let hint = "a key is an expression, as in `order.id`, or a template, as in `{user.id}:{sku}`";
        errors.under(text, format!("cannot read `{code}`: {}", instead.as_deref().unwrap_or(hint)));
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
    let mut words = code.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty());
    let resembles = words.any(|word| closest(word, &known).is_some());
    let foreign = read.is_none_or(|value| {
        let unknown = roots::unknown(value, parameters);
        !unknown.is_empty() && roots::mentions(value, parameters).is_empty()
    });
    !resembles && foreign
}

/// A tuple is taken apart here, so that each element is borrowed where it stands: `&(a, b)` would move both.
pub(super) fn elements(value: Expr, inside: &str, delimiter: &str, errors: &mut Errors) -> Vec<Segment> {
    match value {
        Expr::Group(group) => elements(*group.expr, inside, delimiter, errors),
        Expr::Paren(paren) => elements(*paren.expr, inside, delimiter, errors),
        Expr::Tuple(tuple) if tuple.elems.is_empty() => {
            errors.under(tuple, "the key is empty: write a parameter, as in `key = (user.id, sku)`");
            Vec::new()
        }
        Expr::Tuple(tuple) => {
            let mut all = Vec::new();
            for element in tuple.elems {
                all.append(&mut elements(element, "a tuple", delimiter, errors));
            }
            all
        }
        value => {
            if let Some(text) = string(&value) {
                let inner = text.value();
                errors.under(
                    text,
                    format!(
                        "a string inside {inside} is fixed text: write `{inner}` without quotes if it is an expression, or {} if it is a name",
                        as_name(&inner, delimiter)
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
        read(key, Scope { function: &sig.ident, parameters: &parameters, delimiter: ":" }, &mut errors);
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
        for (text, name) in [
            ("daily", "daily"),
            ("nightly-report", "nightly-report"),
            ("refund:mail", "refund-mail"),
            ("send mails", "send-mails"),
        ] {
            assert!(message(&format!("{text:?}")).contains(&format!("write `name = \"{name}\"`")), "{text}");
        }
        assert!(message("b\"x\"").contains("write `name = \"x\"`"));
        assert!(message("'x'").contains("write `name = \"x\"`"));
        assert!(message("\":\"").contains("write `name = ..`"));
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
        assert!(message("\"#user.id\"").contains("write it without `#`: `user.id`"));
        assert!(message("\"{#user.id}\"").contains("write it without `#`: `user.id`"));
    }

    #[test]
    fn more_parts_than_a_key_can_have_are_refused() {
        let many = |count| format!("({})", vec!["order_id"; count].join(", "));
        assert_eq!(messages(&many(MAX_PARTS)), Vec::<String>::new());
        assert!(message(&many(MAX_PARTS + 1)).starts_with("the key has more than 64 parts"));
        assert!(message(&format!("{:?}", vec!["{order_id}"; 65].join(":"))).contains("more than 64 parts"));
    }

    #[test]
    fn what_is_passed_by_name_may_be_a_function() {
        assert_eq!(messages("user.map(normalize)"), Vec::<String>::new());
        assert!(
            message("user.map(usr)").contains("did you mean `user`? a constant or function of that name")
        );
        assert!(message("limit").contains("a constant or function of that name is written `self::limit`"));
        assert!(message("user.get(self)").contains("`pay` has no `self`"));
    }
}
