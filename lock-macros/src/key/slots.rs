//! From a template to segments.

use syn::{Expr, LitStr};

use super::{Scope, Segment, read, respan, template};
use crate::errors::Errors;

/// Reads a string with braces.
pub(super) fn from_template(text: &LitStr, scope: Scope<'_>, errors: &mut Errors) -> Vec<Segment> {
    let parsed = template::parse(&text.value(), scope.delimiter);
    if let Some(code) = code_with_braces(&text.value(), parsed.is_ok()) {
        errors.under(
            text,
            format!(
                "braces in quotes are a template: write code that has some without quotes, `key = {code}`"
            ),
        );
        return Vec::new();
    }
    let slots = match parsed {
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
        match respan::expression(&code, text.span(), scope.parameters) {
            Ok(value) if is_tuple(&value) => {
                let (before, after) = (&slot.before, &slot.after);
                if before.is_empty() && after.is_empty() {
                    segments.extend(read::elements(value, "a tuple", scope.delimiter, errors));
                } else {
                    let delimiter = scope.delimiter;
                    errors.under(
                        text,
                        format!(
                            "`{{{code}}}` is more than one segment, and fixed text stands beside one: give each value a \
                             placeholder of its own, as in `{before}{{a}}{delimiter}{{b}}{after}`"
                        ),
                    );
                }
            }
            Ok(value) => segments.push(Segment::Value { before: slot.before, value, after: slot.after }),
            Err(error) => errors.push(error),
        }
    }
    segments
}

/// The code in `text` if it is no template after all, but a call in which braces occur, `format!("{}", a)` or `x.find('{')`.
/// What can be read as a template is one, unless it calls a macro.
fn code_with_braces(text: &str, is_template: bool) -> Option<&str> {
    fn calls(value: &Expr) -> bool {
        match value {
            Expr::Call(_)
            | Expr::MethodCall(_)
            | Expr::Macro(_)
            | Expr::Closure(_)
            | Expr::If(_)
            | Expr::Match(_) => true,
            Expr::Reference(reference) => calls(&reference.expr),
            Expr::Unary(unary) => calls(&unary.expr),
            Expr::Paren(paren) => calls(&paren.expr),
            Expr::Field(field) => calls(&field.base),
            Expr::Binary(binary) => calls(&binary.left) || calls(&binary.right),
            _ => false,
        }
    }
    let value: Expr = syn::parse_str(text).ok()?;
    let is_code = if is_template { matches!(value, Expr::Macro(_)) } else { calls(&value) };
    is_code.then_some(text)
}

fn is_tuple(value: &Expr) -> bool {
    match value {
        Expr::Group(group) => is_tuple(&group.expr),
        Expr::Paren(paren) => is_tuple(&paren.expr),
        value => matches!(value, Expr::Tuple(_)),
    }
}

#[cfg(test)]
mod tests {
    use syn::Signature;

    use super::super::read::read;
    use super::*;
    use crate::function::Parameters;

    fn segments(key: &str) -> Result<usize, String> {
        let mut sig: Signature = syn::parse_str("fn pay(a: String, b: String)").unwrap();
        let parameters = Parameters::take(&mut sig);
        let mut errors = Errors::default();
        let scope = Scope { function: &sig.ident, parameters: &parameters, delimiter: ":" };
        let segments = read(syn::parse_str(&format!("{key:?}")).unwrap(), scope, &mut errors);
        let messages = errors.messages();
        if messages.is_empty() { Ok(segments.len()) } else { Err(messages.join(" | ")) }
    }

    #[test]
    fn code_with_braces_is_written_without_quotes() {
        for code in [
            "format!(\"{}-{}\", a, b)",
            "format!(\"{a}\")",
            "a.find('{')",
            "&a.split(|c| { c })",
            "a.len() + b.find('}')",
        ] {
            let read = segments(code);
            assert!(
                read.is_err_and(|message| message.ends_with(&format!("without quotes, `key = {code}`"))),
                "{code}"
            );
        }
    }

    #[test]
    fn what_can_be_a_template_is_one() {
        for (template, count) in [("f({a})", 1), ("{a}:{b.len()}", 2), ("x({a}):y", 2)] {
            assert_eq!(segments(template), Ok(count), "{template}");
        }
        assert!(segments("user-{}").unwrap_err().contains("an empty placeholder"));
    }

    #[test]
    fn a_tuple_in_a_placeholder_is_taken_apart() {
        assert_eq!(segments("{(a, b)}"), Ok(2));
        assert_eq!(segments("{((a, b), a)}:{b}"), Ok(4));
        assert!(segments("x-{(a, b)}y").unwrap_err().contains("as in `x-{a}:{b}y`"));
    }
}
