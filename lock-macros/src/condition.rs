//! From the argument `when` to an expression over the parameters.

use syn::{Expr, Ident, Lit, LitStr};

use crate::args::string;
use crate::errors::Errors;
use crate::function::Parameters;
use crate::key::{self, Purpose};

/// Reads `when` and checks it against the parameters of `function`; `None` if it was reported.
pub(crate) fn read(
    given: &Expr,
    function: &Ident,
    parameters: &Parameters,
    errors: &mut Errors,
) -> Option<Expr> {
    let literal = string(given);
    let value = match literal {
        Some(text) => from_string(text, parameters, errors)?,
        None => given.clone(),
    };
    if let Expr::Lit(fixed) = &value
        && !matches!(fixed.lit, Lit::Bool(_))
    {
        errors.under(given, "`when` is a condition on the parameters, as in `when = \"amount > 100\"`");
        return None;
    }
    key::refuse(Purpose::Condition, &value, literal.map(LitStr::span), function, parameters, errors);
    Some(value)
}

fn from_string(text: &LitStr, parameters: &Parameters, errors: &mut Errors) -> Option<Expr> {
    let code = text.value();
    if code.trim().is_empty() {
        errors.under(
            text,
            "the condition is empty: write one, as in `when = \"amount > 100\"`, or leave `when` out",
        );
        return None;
    }
    key::expression(&code, text.span(), parameters)
        .map_err(|_| {
            errors.under(
                text,
                format!("cannot read `{code}`: `when` is a condition, as in `when = \"amount > 100\"`"),
            );
        })
        .ok()
}

#[cfg(test)]
mod tests {
    use syn::Signature;

    use super::*;

    fn messages(when: &str) -> String {
        let mut sig: Signature = syn::parse_str("fn pay(&self, amount: u64, user: User)").unwrap();
        let parameters = Parameters::take(&mut sig);
        let mut errors = Errors::default();
        read(&syn::parse_str(when).unwrap(), &sig.ident, &parameters, &mut errors);
        errors.messages().join(" | ")
    }

    #[test]
    fn conditions_are_over_the_parameters() {
        for right in [
            "amount > 100",
            "\"amount > LIMIT\"",
            "self.enabled",
            "user.tags().iter().any(|tag| tag.locked)",
            "true",
            "cfg!(test)",
            "matches!(user, User::Known(_))",
        ] {
            assert_eq!(messages(right), "", "{right}");
        }
    }

    #[test]
    fn mistakes_say_what_to_write() {
        assert!(messages("amuont > 100").contains("did you mean `amount`?"));
        assert!(messages("\"amount >\"").contains("cannot read"));
        assert!(messages("\"\"").contains("the condition is empty"));
        assert!(messages("100").contains("a condition on the parameters"));
        assert!(messages("user.load().await").contains("`.await` cannot stand in `when`"));
        assert!(messages("user.load()?").contains("`?` cannot stand in `when`"));
        let alone = messages("enabled");
        assert!(alone.contains("is not a parameter") && !alone.contains("name ="), "{alone}");
    }
}
