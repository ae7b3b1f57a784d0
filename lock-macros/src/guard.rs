//! The guard of a function with `when`, which is not always there.

use proc_macro2::{Ident, Span, TokenStream, TokenTree};

use crate::args::Arguments;
use crate::errors::Errors;
use crate::function::Function;

/// What a `Held` can be asked, and an `Option` can't.
const OF_HELD: [&str; 10] =
    ["name", "names", "token", "tokens", "token_of", "remaining", "is_lost", "check", "extend", "lost"];

/// Says why the guard is an `Option`, where the body takes it for a `Held`: the compiler would only say that it is one.
pub(crate) fn check(arguments: &Arguments, function: &Function, errors: &mut Errors) {
    if let Some((guard, at)) = taken_for_held(arguments, function) {
        errors.at(
            at,
            format!(
                "`{guard}` is an `Option<Held>` here, since the body runs without a lock where `when` is false: write \
                 `if let Some({guard}) = &{guard}`"
            ),
        );
    }
}

/// The guard, and where the body first asks it as if it were a `Held`. `None` if the body does anything else with it, as
/// unwrapping it under the same name: then what it is in which place is the compiler's to say.
pub(crate) fn taken_for_held<'a>(arguments: &'a Arguments, function: &Function) -> Option<(&'a Ident, Span)> {
    arguments.seen("when")?;
    let guard = &arguments.guard.as_ref()?.value;
    let mut uses = Uses { guard, wrong: None, other: false };
    uses.look(function.body.stream());
    uses.wrong.filter(|_| !uses.other).map(|at| (guard, at))
}

struct Uses<'a> {
    guard: &'a Ident,
    wrong: Option<Span>,
    other: bool,
}

impl Uses<'_> {
    fn look(&mut self, tokens: TokenStream) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        for (at, token) in tokens.iter().enumerate() {
            match token {
                TokenTree::Group(group) => self.look(group.stream()),
                TokenTree::Ident(name) if name == self.guard => match &tokens[at + 1..] {
                    [TokenTree::Punct(dot), TokenTree::Ident(member), ..] if dot.as_char() == '.' => {
                        if OF_HELD.iter().any(|of_held| member == of_held) {
                            self.wrong.get_or_insert(name.span());
                        }
                    }
                    _ => self.other = true,
                },
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{args, function};

    fn message(body: &str) -> String {
        let mut errors = Errors::default();
        let attribute = "name = \"pay\", when = amount > 100, guard = held";
        let arguments = args::parse(attribute.parse().unwrap(), &mut errors);
        let item = format!("fn pay(amount: u64) -> Result<(), LockError> {{ {body} }}");
        let function = function::parse(item.parse().unwrap(), &mut errors).unwrap();
        check(&arguments, &function, &mut errors);
        errors.messages().join(" | ")
    }

    #[test]
    fn a_guard_that_is_taken_for_held_is_explained_once() {
        for body in [
            "held.token()",
            "Ok(held.token() + held.names().len())",
            "write(&db, held.token()).await?; held.check()?;",
            "println!(\"{}\", held.name())",
            "if held.is_some() { held.token() } else { 0 }",
        ] {
            let message = message(body);
            assert!(
                message.starts_with("`held` is an `Option<Held>` here") && !message.contains(" | "),
                "{body}"
            );
            assert!(message.ends_with("write `if let Some(held) = &held`"), "{message}");
        }
    }

    #[test]
    fn an_option_that_is_used_as_one_is_right() {
        for body in [
            "held.is_some()",
            "held.as_ref().map(|held| held.token())",
            "if let Some(held) = &held { held.token(); }",
            "let held = held.unwrap(); held.token()",
            "match held { Some(held) => held.check()?, None => {} }",
            "call(held)",
            "amount",
        ] {
            assert_eq!(message(body), "", "{body}");
        }
    }

    #[test]
    fn the_list_is_what_a_held_can_be_asked() {
        let source = include_str!("../../lock-core/src/run/held.rs");
        let methods: Vec<&str> = source
            .lines()
            .filter_map(|line| line.strip_prefix("    pub fn ").or(line.strip_prefix("    pub async fn ")))
            .filter_map(|method| method.split_once('('))
            .filter(|(_, rest)| rest.starts_with("&self"))
            .map(|(name, _)| name.split('<').next().unwrap())
            .collect();
        assert_eq!(methods, OF_HELD);
    }
}
