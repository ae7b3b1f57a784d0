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
    let bare = code.replace("r#", "\0").replace('#', "").replace('\0', "r#");
    let is_known = |word: &String| closest(word, parameters.names().iter().map(String::as_str)).is_some();
    let meant = bare != code
        && syn::parse_str::<Expr>(&bare).is_ok()
        && words(bare.parse().ok()?).iter().any(is_known);
    meant.then(|| format!("write it without `#`: `{}`", bare.trim()))
}

fn words(tokens: TokenStream) -> Vec<String> {
    let each = |token| match token {
        TokenTree::Ident(ident) => vec![ident.to_string()],
        TokenTree::Group(group) => words(group.stream()),
        _ => Vec::new(),
    };
    tokens.into_iter().flat_map(each).collect()
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
