//! From the argument `when` to an expression over the parameters.

use syn::{Expr, Lit, LitStr};

use crate::args::string;
use crate::errors::Errors;
use crate::key::{self, Purpose, Scope};

/// Reads `when` and checks it against the parameters of the function; `None` if it was reported.
pub(crate) fn read(given: Expr, scope: Scope<'_>, errors: &mut Errors) -> Option<Expr> {
    let literal = string(&given).map(LitStr::span);
    let value = match string(&given) {
        Some(text) => from_string(text, scope, errors)?,
        None => given,
    };
    if let Expr::Lit(fixed) = &value
        && !matches!(fixed.lit, Lit::Bool(_))
    {
        errors.at(
            literal.unwrap_or_else(|| fixed.lit.span()),
            "`when` is a condition on the parameters, as in `when = \"amount > 100\"`",
        );
        return None;
    }
    key::refuse(Purpose::Condition, &value, literal, scope, errors);
    Some(value)
}

fn from_string(text: &LitStr, scope: Scope<'_>, errors: &mut Errors) -> Option<Expr> {
    let code = text.value();
    if code.trim().is_empty() {
        errors.under(
            text,
            "the condition is empty: write one, as in `when = \"amount > 100\"`, or leave `when` out",
        );
        return None;
    }
    key::expression(&code, text.span(), scope.parameters)
        .map_err(|_| {
            let instead = key::instead(&code, scope.parameters)
                .unwrap_or_else(|| "`when` is a condition, as in `when = \"amount > 100\"`".to_owned());
            errors.under(text, format!("cannot read `{code}`: {instead}"));
        })
        .ok()
}

#[cfg(test)]
mod tests {
    use syn::Signature;

    use super::*;
    use crate::function::Parameters;

    fn messages(when: &str) -> String {
        let mut sig: Signature = syn::parse_str("fn pay(&self, amount: u64, user: User)").unwrap();
        let parameters = Parameters::take(&mut sig);
        let mut errors = Errors::default();
        let scope = Scope { function: &sig.ident, parameters: &parameters, delimiter: ":" };
        read(syn::parse_str(when).unwrap(), scope, &mut errors);
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
        assert!(messages("\"#amount > 100\"").contains("write it without `#`: `amount > 100`"));
        assert!(messages("\"\"").contains("the condition is empty"));
        assert!(messages("100").contains("a condition on the parameters"));
        assert!(messages("user.load().await").contains("`.await` cannot stand in `when`"));
        assert!(messages("user.load()?").contains("`?` cannot stand in `when`"));
        let alone = messages("enabled");
        assert!(alone.contains("is not a parameter") && !alone.contains("name ="), "{alone}");
    }
}
