//! The rules of the protocol, each by name, for anything that can run operations: the function `step` here, and beside
//! it the scripts on a server (`redis/tests`).

mod exclusive;
mod party;
mod shared;
mod strict;
mod subject;

#[cfg(feature = "redis")]
pub(crate) use party::CHANNELS;
#[cfg(feature = "redis")]
pub(crate) use subject::{Model, Order, START_US, Subject};

/// A rule and its name.
#[cfg(feature = "redis")]
pub(crate) type Rule = (&'static str, fn(&mut dyn Subject));

/// All of them.
#[cfg(feature = "redis")]
pub(crate) fn all() -> impl Iterator<Item = &'static Rule> {
    exclusive::RULES.iter().chain(shared::RULES).chain(strict::RULES)
}

/// Functions of a `Party`, each a rule: gathered by name, and tried on the model as tests of their own.
macro_rules! rules {
    ($($(#[doc = $doc:literal])* fn $name:ident($party:ident) $body:block)*) => {
        $($(#[doc = $doc])* fn $name(subject: &mut dyn Subject) {
            #[allow(unused_mut, reason = "a rule may only look at the subject")]
            let mut $party = Party(subject);
            $body
        })*

        /// All of them, by name.
        #[cfg(feature = "redis")]
        pub(super) const RULES: &[super::Rule] = &[$((stringify!($name), $name)),*];

        mod on_the_model {
            $(#[test] fn $name() { super::$name(&mut super::Model::new()); })*
        }
    };
}
use rules;
