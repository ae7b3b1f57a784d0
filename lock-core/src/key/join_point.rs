//! What a key generator is told about the call.

use std::fmt;

use super::error::KeyError;
use super::lock_key::LockKey;
use super::part::LockKeyPart;

/// One argument of the call.
#[derive(Clone, Copy)]
pub struct Arg<'a> {
    name: &'static str,
    part: Option<&'a dyn LockKeyPart>,
}

impl<'a> Arg<'a> {
    pub(crate) fn readable(name: &'static str, part: &'a dyn LockKeyPart) -> Self {
        Self { name, part: Some(part) }
    }

    pub(crate) fn opaque(name: &'static str) -> Self {
        Self { name, part: None }
    }

    /// The parameter's name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The value, if its type is a key part. `None` for every other type, and for a generic parameter that has not the
    /// bound `LockKeyPart`, whatever it is called with.
    #[must_use]
    pub fn part(&self) -> Option<&'a dyn LockKeyPart> {
        self.part
    }

    /// The value as one text, if it is a key part of exactly one segment.
    #[must_use]
    pub fn text(&self) -> Option<String> {
        LockKey::of(self.part?).only_text().map(str::to_owned)
    }
}

impl fmt::Debug for Arg<'_> {
    /// Without the value, which may be personal.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Arg")
            .field("name", &self.name)
            .field("is_key_part", &self.part.is_some())
            .finish_non_exhaustive()
    }
}

/// The call of an annotated function, as a [`LockKeyGenerator`](super::LockKeyGenerator) sees it.
#[derive(Clone, Copy, Debug)]
pub struct JoinPoint<'a> {
    pub(crate) module_path: &'static str,
    pub(crate) function: &'static str,
    pub(crate) prefix: Option<&'a str>,
    pub(crate) name: Option<&'a str>,
    pub(crate) key: Option<&'a LockKey>,
    pub(crate) is_generated: bool,
    pub(crate) args: &'a [Arg<'a>],
}

impl<'a> JoinPoint<'a> {
    /// The module of the function, as `module_path!()` says it there.
    #[must_use]
    pub fn module_path(&self) -> &'static str {
        self.module_path
    }

    /// The name of the function.
    #[must_use]
    pub fn function(&self) -> &'static str {
        self.function
    }

    /// The attribute's `prefix`. It stands in the lock's name in front of what the generator returns.
    #[must_use]
    pub fn prefix(&self) -> Option<&'a str> {
        self.prefix
    }

    /// The attribute's `name`. It stands in the lock's name in front of what the generator returns.
    #[must_use]
    pub fn name(&self) -> Option<&'a str> {
        self.name
    }

    /// The key so far: what the attribute's `key` made, or one of its `keys`; for the manager's generator also what the
    /// function's own generator made. `None` if there is none.
    #[must_use]
    pub fn key(&self) -> Option<&'a LockKey> {
        self.key
    }

    /// Whether [`key`](Self::key) was made by a `key_generator` of the function's own. A generator on the manager that lets
    /// such keys pass is one that functions can override.
    #[must_use]
    pub fn is_generated(&self) -> bool {
        self.is_generated
    }

    /// The key so far with `part` in front: a tenant, a region.
    ///
    /// # Errors
    ///
    /// What `part` says, as [`LockKey::try_of`] does.
    pub fn key_behind(&self, part: impl LockKeyPart) -> Result<LockKey, KeyError> {
        match self.key {
            Some(key) => LockKey::try_of((part, key)),
            None => LockKey::try_of(part),
        }
    }

    /// The key so far, unchanged: for calls that a generator leaves alone. A function without a key keeps the name that its
    /// `prefix` and `name` make.
    ///
    /// # Errors
    ///
    /// Why the key so far could not be written, if so.
    pub fn key_as_is(&self) -> Result<LockKey, KeyError> {
        self.key.map_or_else(|| Ok(LockKey::empty()), LockKey::try_of)
    }

    /// The argument of that name.
    #[must_use]
    pub fn arg(&self, name: &str) -> Option<Arg<'a>> {
        self.args.iter().find(|arg| arg.name == name).copied()
    }

    /// All arguments that have a name, in the order of the parameters; `self` is one, and of a pattern each name that it binds.
    #[must_use]
    pub fn args(&self) -> &'a [Arg<'a>] {
        self.args
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call<'a>(key: Option<&'a LockKey>, args: &'a [Arg<'a>]) -> JoinPoint<'a> {
        let (prefix, name) = (Some("order"), None);
        JoinPoint { module_path: "shop", function: "pay", prefix, name, key, is_generated: false, args }
    }

    #[test]
    fn arguments_are_found_by_name_and_read_as_parts() {
        let pair = ("a", 1);
        let args = [Arg::readable("id", &42_u64), Arg::opaque("order"), Arg::readable("pair", &pair)];
        let call = call(None, &args);
        assert_eq!(call.arg("id").and_then(|arg| arg.text()).as_deref(), Some("42"));
        assert!(call.arg("order").is_some_and(|arg| arg.part().is_none() && arg.text().is_none()));
        let pair = call.arg("pair").expect("it is there");
        assert_eq!(pair.text(), None, "two segments are no one text");
        assert_eq!(LockKey::of(pair.part().expect("it is a part")), LockKey::of(("a", 1)));
        assert!(call.arg("sku").is_none());
        assert_eq!(call.args().iter().map(Arg::name).collect::<Vec<_>>(), ["id", "order", "pair"]);
    }

    #[test]
    fn a_part_goes_in_front_of_the_whole_key() {
        let key = LockKey::of((7, "x"));
        assert_eq!(call(Some(&key), &[]).key_behind("acme"), Ok(LockKey::of(("acme", 7, "x"))));
        assert_eq!(call(None, &[]).key_behind("acme"), Ok(LockKey::of("acme")));
    }

    #[test]
    fn a_key_is_left_as_it_is() {
        for key in [LockKey::of((7, "x")), LockKey::of((None::<u8>, "x")), LockKey::of((7, None::<u8>))] {
            assert_eq!(call(Some(&key), &[]).key_as_is(), Ok(key.clone()));
        }
        assert_eq!(call(None, &[]).key_as_is(), Ok(LockKey::empty()));
        let failed = LockKey::of("x".repeat(2 << 20));
        assert_eq!(call(Some(&failed), &[]).key_as_is().err().as_ref(), failed.error());
    }

    #[test]
    fn values_are_not_shown() {
        let args = [Arg::readable("card", &"4111")];
        assert!(!format!("{:?}", call(None, &args)).contains("4111"));
    }
}
