//! What was probably meant by code that is no Rust.

use proc_macro2::{TokenStream, TokenTree};
use syn::Expr;

use crate::function::Parameters;
use crate::suggest::closest;

/// What to write instead of `code`, if that can be known.
pub(crate) fn instead(code: &str, parameters: &Parameters) -> Option<String> {
    raw_name(code, parameters).or_else(|| without_hash(code, parameters))
}

/// `type` for the parameter `r#type`.
fn raw_name(code: &str, parameters: &Parameters) -> Option<String> {
    let raw = words(code.parse().ok()?).into_iter().map(|word| (format!("r#{word}"), word));
    let names = parameters.names();
    let (raw, word) = raw.into_iter().find(|(raw, _)| names.contains(raw))?;
    Some(format!("`{word}` is a keyword: did you mean the parameter `{raw}`?"))
}

/// `#user.id`, as Spring writes it.
fn without_hash(code: &str, parameters: &Parameters) -> Option<String> {
    let bare = code.replace("r#", "\0").replace("#", "").replace("\0", "r#");
    let names = parameters.names();
    let meant = bare != code
        && syn::parse_str::<Expr>(&bare).is_ok()
        && words(bare.parse().ok()?).iter().any(|word| closest(word, &names).is_some());
    meant.then(|| format!("write it without `#`: `{}`", bare.trim()))
}

fn words(tokens: TokenStream) -> Vec<String> {
    let mut all = Vec::new();
    for token in tokens {
        match token {
            TokenTree::Ident(ident) => all.push(ident.to_string()),
            TokenTree::Group(group) => all.append(&mut words(group.stream())),
            _ => {}
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use syn::Signature;

    use super::*;

    fn hint(code: &str) -> Option<String> {
        let mut sig: Signature = syn::parse_str("fn pay(user: User, r#type: u64)").unwrap();
        instead(code, &Parameters::take(&mut sig))
    }

    #[test]
    fn a_keyword_is_the_parameter_of_that_name() {
        assert!(hint("type").unwrap().contains("did you mean the parameter `r#type`?"));
        assert!(hint("(user.id, type)").unwrap().contains("`r#type`"));
        assert_eq!(hint("match"), None);
    }

    #[test]
    fn springs_hash_is_left_out() {
        assert_eq!(hint("#user.id").unwrap(), "write it without `#`: `user.id`");
        assert_eq!(hint("#r#type + 1").unwrap(), "write it without `#`: `r#type + 1`");
        assert_eq!(hint("#root.args"), None);
        assert_eq!(hint("user.id +"), None);
    }
}
