//! The whole way of one attribute: args, signature, key, validate, expand.

use lock_rules::DEFAULT_DELIMITER;
use proc_macro2::TokenStream;
use quote::{ToTokens, quote};

use crate::errors::Errors;
use crate::expand::Locked;
use crate::function::Parameters;
use crate::key::{Keys, Purpose, Scope};
use crate::{args, condition, expand, fallback, function, guard, key, validate};

/// What stands in place of the attributed function.
pub(crate) fn distributed_lock(attribute: TokenStream, item: TokenStream) -> TokenStream {
    let mut errors = Errors::default();

    let mut arguments = args::parse(attribute, &mut errors);
    let Some(mut function) = function::parse(item.clone(), &mut errors) else {
        let errors = errors.into_tokens();
        return quote!(#errors #item);
    };
    let written = function.sig.to_token_stream();
    let parameters = Parameters::take(&mut function.sig);
    let name = &function.sig.ident;

    let (key, keys, when) = (arguments.key.take(), arguments.keys.take(), arguments.when.take());
    let delimiter = arguments.delimiter.as_ref().map(|given| given.value.as_str());
    let delimiter = delimiter.unwrap_or(DEFAULT_DELIMITER);
    let scope = Scope { function: name, parameters: &parameters, delimiter };
    let segments = key.map_or_else(Vec::new, |given| key::read(given.value, scope, &mut errors));
    let several = keys.map(|given| key::several(given.value, scope, &mut errors));
    if let Some(generator) = &arguments.key_generator {
        key::refuse_control_flow(Purpose::Generator, &generator.value, None, &mut errors);
    }
    let when = when.and_then(|given| condition::read(given.value, scope, &mut errors));
    let fallback = fallback::read(&arguments, &function.sig, &parameters, &mut errors);
    guard::check(&arguments, &function, &mut errors);
    validate::validate(&arguments, delimiter, name, &parameters, &mut errors);

    let keys = several.flatten().map_or(Keys::One(segments), Keys::Several);
    let locked = Locked { arguments: &arguments, keys, when, fallback };
    match errors.into_tokens() {
        None => expand::expand(&locked, delimiter, &function, &parameters),
        Some(errors) => {
            let rejected = expand::rejected(&arguments, &function, &written, &parameters);
            quote!(#errors #rejected)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expand(attribute: &str, item: &str) -> String {
        distributed_lock(attribute.parse().unwrap(), item.parse().unwrap()).to_string()
    }

    const FUNCTIONS: [&str; 4] = [
        "async fn f(id: u64, _: T) -> R { body() }",
        "fn f(id: u64, _: T) -> R { body() }",
        "fn f(id: u64, _: T) -> impl Future<Output = R> { body() }",
        "fn f(id: u64, _: T) -> Pin<Box<dyn Future<Output = R>>> { body() }",
    ];

    #[test]
    fn generated_code_names_the_private_module_alone() {
        let every = "prefix = \"p\", kind = \"read\", wait = \"1s\", expire = L, guard = g, locks = m, crate = renamed";
        let keys = [
            "key = \"a{id}:b\", on_busy = other, when = id > 1, max_hold = \"1m\", hold_at_least = L",
            "keys = id, on_busy = \"skip\"",
            "keys = [id, (id, L)], when = \"id > 1\"",
            "keys = id.iter(), on_busy = \"error\"",
            "key_generator = Generator(id)",
            "key = id, key_generator = |call| call.key_behind(7), on_busy = Self::other",
        ];
        for (function, key) in FUNCTIONS.iter().flat_map(|function| keys.map(|key| (function, key))) {
            let expanded = expand(&format!("{every}, {key}"), function);
            assert!(expanded.contains("renamed :: __private"), "{expanded}");
            for other in ["lock_core", ":: core", ":: std", "alloc", "tokio"] {
                assert!(!expanded.contains(other), "{other} in {expanded}");
            }
            assert_eq!(expanded.matches("body ()").count(), 1, "{expanded}");
        }
    }

    #[test]
    fn a_function_never_comes_out_unlocked_without_an_error() {
        for function in FUNCTIONS {
            for wrong in [
                "",
                "name = \"\"",
                "nam = \"f\"",
                "name = \"f\", wait = 3",
                "name = \"f\", key = \"ie\"",
                "name = \"f\", kind = \"far\"",
                "name = \"f\", keys = \"ie\"",
                "name = \"f\", keys = []",
                "name = \"f\", key = id, keys = id",
                "name = \"f\", keys = id, kind = \"fair\"",
                "name = \"f\", keys = id, key_generator = g",
                "name = \"f\", on_busy = \"skp\"",
                "name = \"f\", on_busy = other(id)",
                "name = \"f\", when = ie > 1",
                "name = \"f\", when = \"id >\"",
                "name = \"f\", renew = false, max_hold = \"1m\"",
                "name = \"f\", hold_at_least = \"31d\"",
                "key_generator = \"g\"",
                "=",
                ",",
            ] {
                let expanded = expand(wrong, function);
                assert!(expanded.contains("compile_error"), "{wrong}: {expanded}");
                assert!(expanded.contains("fn f") && expanded.contains("body ()"), "{wrong}: {expanded}");
                assert!(!expanded.contains("acquire"), "{wrong}: {expanded}");
            }
        }
    }

    #[test]
    fn a_half_typed_body_comes_out_as_it_is() {
        for function in ["fn f(id: u64) -> R { id. }", "async fn f(id: u64) -> R { id. }"] {
            let right = expand("name = \"f\"", function);
            assert!(!right.contains("compile_error") && right.contains("acquire"), "{right}");
            let wrong = expand("nam = \"f\"", function);
            assert!(wrong.contains("compile_error"), "{wrong}");
            for expanded in [right, wrong] {
                assert!(
                    expanded.contains("fn f (id : u64) -> R") && expanded.contains("{ id . }"),
                    "{expanded}"
                );
            }
        }
    }

    #[test]
    fn what_is_no_function_is_kept_beside_the_error() {
        for item in ["struct S;", "impl S { fn f() {} }", "fn f();", "1 + 1", ""] {
            let expanded = expand("name = \"f\"", item);
            assert!(expanded.contains("compile_error"), "{item}");
            assert!(
                expanded.ends_with(&item.parse::<TokenStream>().unwrap().to_string()),
                "{item}: {expanded}"
            );
        }
    }
}
