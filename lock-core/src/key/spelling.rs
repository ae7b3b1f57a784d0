//! How a call made its names of its keys, so that a key finds the name that it became.

use std::borrow::Cow;
use std::sync::Arc;

use super::into_key::IntoLockKey;
use super::join::join;
use super::lock_key::LockKey;
use crate::name::LockName;

/// What names a lock that is held: whatever [`LockManager::lock`](crate::LockManager::lock) takes, with the segments of
/// the attribute (`prefix`, `name`) in front, or the lock's full [`LockName`], also as text.
///
/// ```
/// # #[cfg(feature = "macros")] mod example {
/// use lock_core::{LockError, LockManager, distributed_lock};
///
/// #[distributed_lock(prefix = "account", keys = [from, to], delimiter = "/", guard = held)]
/// async fn transfer(from: String, to: String) -> Result<[Option<u64>; 3], LockError> {
///     Ok([
///         held.token_of(("account", &from)),           // as in `locks.lock(..)`
///         held.token_of(&held.names()[0]),             // a name that the lock was asked for
///         held.token_of("LOCK:account/Ann%20Smith"), // the same as text
///     ])
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # pub
/// async fn main() -> Result<(), LockError> {
///     let locks = LockManager::connect("memory:").await?;
///     let [token, same, again] = locks.scope(transfer("Ann Smith".into(), "Bob".into())).await?;
///     assert!(token.is_some() && token == same && token == again);
///     Ok(())
/// }
/// # }
/// # #[cfg(feature = "macros")] fn main() { example::main().unwrap() }
/// # #[cfg(not(feature = "macros"))] fn main() {}
/// ```
pub trait HeldKey {
    /// The text, if it may be a full name.
    #[doc(hidden)]
    fn __full_name(&self) -> Option<&str>;

    /// The key, unless it can only be a full name.
    #[doc(hidden)]
    fn __into_key(self) -> Option<LockKey>;
}

impl<K: IntoLockKey> HeldKey for K {
    fn __full_name(&self) -> Option<&str> {
        self.__as_text()
    }

    fn __into_key(self) -> Option<LockKey> {
        Some(self.into_lock_key())
    }
}

macro_rules! full_name {
    ($($type:ty)*) => {$(
        #[diagnostic::do_not_recommend]
        impl HeldKey for $type {
            fn __full_name(&self) -> Option<&str> {
                Some(self.as_str())
            }

            fn __into_key(self) -> Option<LockKey> {
                None
            }
        }
    )*};
}

full_name! { LockName &LockName }

/// A [`HeldKey`] that is looked for.
#[derive(Debug)]
pub(crate) struct Sought {
    full_name: Option<String>,
    key: Option<LockKey>,
}

impl Sought {
    pub(crate) fn of(key: impl HeldKey) -> Self {
        Self { full_name: key.__full_name().map(str::to_owned), key: key.__into_key() }
    }
}

/// A name of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Spelled {
    /// What it would be without the manager's key generator.
    pub(crate) before: LockName,
    pub(crate) name: LockName,
}

impl Spelled {
    /// A name that no generator has changed.
    pub(crate) fn as_given(name: LockName) -> Self {
        Self { before: name.clone(), name }
    }
}

/// How a call made its names of its keys.
#[derive(Clone, Debug)]
pub(crate) struct Spelling {
    pub(crate) namespace: Arc<str>,
    pub(crate) delimiter: Cow<'static, str>,
    /// Its names in the order of its keys, each once; `None` if there is one and no generator has changed it.
    pub(crate) names: Option<Arc<[Spelled]>>,
}

impl Spelling {
    /// Which of the names that `place_of` knows `sought` means.
    ///
    /// What could go wrong: a key has two meanings (the generator makes `acme:x` of `x`, and both are keys of one call), and a
    /// resource is fenced with another one's token. It can't: a key that means two names of a hold means none.
    pub(crate) fn find(&self, sought: &Sought, place_of: impl Fn(&str) -> Option<usize>) -> Option<usize> {
        let by_full_name = sought.full_name.as_deref().and_then(&place_of);
        let spelled = sought.key.as_ref().and_then(|key| self.by_hand(key));
        let mut found = by_full_name;
        if let Some(spelled) = spelled {
            let generated = self.names.iter().flat_map(|names| names.iter());
            let generated = generated.filter(|it| it.before == spelled).map(|it| place_of(it.name.as_str()));
            for place in generated.chain([place_of(spelled.as_str())]).flatten() {
                if *found.get_or_insert(place) != place {
                    return None;
                }
            }
        }
        found
    }

    /// Where `place_of` has its names, in the order of its keys, if it made several, or its one was generated.
    pub(crate) fn places(&self, place_of: impl Fn(&str) -> Option<usize>) -> impl Iterator<Item = usize> {
        let names = self.names.as_deref().unwrap_or_default();
        let mut seen = Vec::new();
        // A generator may have made one name of two keys.
        names.iter().filter_map(move |it| place_of(it.name.as_str())).filter(move |place| {
            let is_new = !seen.contains(place);
            seen.push(*place);
            is_new
        })
    }

    /// Whether a lock of this call is what `key` means by hand.
    pub(crate) fn means(&self, key: &LockKey, spelled: &Spelled) -> bool {
        self.by_hand(key).is_some_and(|name| name == spelled.before || name == spelled.name)
    }

    /// What that key spells by hand, between this call's delimiters.
    fn by_hand(&self, key: &LockKey) -> Option<LockName> {
        join(&self.namespace, None, None, key, &self.delimiter).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spelling(delimiter: &'static str, names: &[(&str, &str)]) -> Spelling {
        let names = names
            .iter()
            .map(|(before, name)| Spelled { before: LockName::new(before), name: LockName::new(name) });
        Spelling {
            namespace: "SHOP".into(),
            delimiter: delimiter.into(),
            names: Some(names.collect::<Vec<_>>().into()),
        }
    }

    fn found(spelling: &Spelling, key: impl HeldKey) -> Option<usize> {
        let held: Vec<LockName> =
            spelling.names.iter().flat_map(|names| names.iter()).map(|it| it.name.clone()).collect();
        spelling.find(&Sought::of(key), |name| held.iter().position(|it| it.as_str() == name))
    }

    #[test]
    fn a_key_finds_what_the_generator_made_of_it() {
        let of = spelling(
            "/",
            &[
                ("SHOP:account/Ann%20Smith", "SHOP:account/acme/Ann%20Smith"),
                ("SHOP:account/bob", "SHOP:account/acme/bob"),
            ],
        );
        assert_eq!(found(&of, ("account", "Ann Smith")), Some(0));
        assert_eq!(found(&of, ("account", "bob")), Some(1));
        assert_eq!(found(&of, "account/bob"), Some(1));
        assert_eq!(found(&of, ("account", "acme", "bob")), Some(1), "what the generator returned");
        assert_eq!(found(&of, "SHOP:account/acme/Ann%20Smith"), Some(0), "the full name");
        assert_eq!(found(&of, LockName::new("SHOP:account/acme/bob")), Some(1));
        for none in ["bob", "account:bob", "SHOP:account/bob", "account/bob/", ""] {
            assert_eq!(found(&of, none), None, "{none}");
        }
    }

    #[test]
    fn a_key_that_means_two_names_of_a_hold_means_none() {
        let of = spelling(":", &[("SHOP:x", "SHOP:acme:x"), ("SHOP:acme:x", "SHOP:acme:acme:x")]);
        assert_eq!(found(&of, "x"), Some(0));
        assert_eq!(found(&of, ("acme", "x")), None);
        assert_eq!(found(&of, ("acme", "acme", "x")), Some(1));
        let of = spelling(":", &[("SHOP:a", "SHOP:a"), ("SHOP:SHOP:a", "SHOP:SHOP:a")]);
        assert_eq!(found(&of, "SHOP:a"), None, "a key, or a full name");
        assert_eq!(found(&of, ("SHOP", "a")), Some(1));
        assert_eq!(found(&of, LockName::new("SHOP:a")), Some(0));
    }
}
