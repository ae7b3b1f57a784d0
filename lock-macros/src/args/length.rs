//! Durations among the arguments: a literal with units, or any expression.

use syn::{Expr, Ident, Lit};

use super::Length;
use super::read::{bare, literal};
use crate::duration::{self, Check};
use crate::errors::Errors;

/// A duration; `None` if it was reported.
pub(super) fn length(name: &Ident, value: Expr, errors: &mut Errors, check: Check<'_>) -> Option<Length> {
    let value = bare(value);
    let name = name.to_string();
    let sign = if matches!(&value, Expr::Unary(_)) { "-" } else { "" };
    let read = match literal(&value) {
        None => return Some(Length::Expression(value)),
        Some(Lit::Str(text)) => {
            let text = text.value();
            match duration::parse(&name, &text, check) {
                Err(_) if is_code(&text) => Err(format!("write it without quotes: `{name} = {text}`")),
                read => read,
            }
        }
        // `30s` and `1m30s` without quotes are numbers with a suffix to the compiler.
        Some(Lit::Int(number)) => {
            let text = format!("{sign}{}{}", number.base10_digits(), number.suffix());
            Err(match duration::parse(&name, &text, check) {
                Ok(_) => format!("put it in quotes: `{name} = \"{text}\"`"),
                Err(message) => message,
            })
        }
        Some(Lit::Float(number)) => {
            let text = format!("{sign}{number}");
            Err(duration::parse(&name, &text, check).err().unwrap_or_else(|| not_one(&name)))
        }
        Some(_) => Err(not_one(&name)),
    };
    match read {
        Ok(duration) => Some(Length::Literal(duration)),
        Err(message) => {
            errors.under(value, message);
            None
        }
    }
}

fn not_one(name: &str) -> String {
    format!("`{name}` is a duration: write `{name} = \"10s\"`, or an expression of type `Duration`")
}

/// Whether a text that is no duration names one: `LEASE`, `config.wait`, `Duration::from_secs(3)`. A lower-case word alone is
/// rather a unit.
fn is_code(text: &str) -> bool {
    match syn::parse_str(text) {
        Ok(Expr::Path(path)) => {
            path.path.get_ident().is_none_or(|name| name.to_string().starts_with(char::is_uppercase))
        }
        Ok(Expr::Field(_) | Expr::Call(_) | Expr::MethodCall(_)) => {
            !text.starts_with(|c: char| c.is_ascii_digit())
        }
        _ => false,
    }
}
