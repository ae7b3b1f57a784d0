//! The kinds of locks that one holder has alone, as one thing to ask for.

use std::sync::atomic::{AtomicUsize, Ordering};

use lock_core::{LockGuard, LockKind, LockManager, LockRequest};

/// A kind that excludes itself. What every lock promises is tested with each of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Reentrant,
    Fair,
    Write,
    /// One of many that happens to be the only one.
    OneOfMany,
    /// Together with another name that nobody else wants.
    Several,
    /// On a majority of masters.
    Red,
}

impl Kind {
    /// A request of this kind for the lock `key`.
    pub(crate) fn lock(self, locks: &LockManager, key: &str) -> LockRequest {
        static COMPANIONS: AtomicUsize = AtomicUsize::new(0);
        match self {
            Self::Reentrant => locks.lock(key).kind(LockKind::Reentrant),
            Self::Fair => locks.lock(key).fair(),
            Self::Write => locks.lock(key).write(),
            Self::Red => locks.lock(key).red(),
            Self::OneOfMany => locks.lock_all([key]),
            Self::Several => {
                let companion = format!("{key}-{}", COMPANIONS.fetch_add(1, Ordering::Relaxed));
                locks.lock_all([key, &*companion])
            }
        }
    }
}

/// The token of the lock `key` among those that the guard holds.
pub(crate) fn token_of(guard: &LockGuard, key: &str) -> u64 {
    let tokens = guard.tokens();
    let of_key = |name: &str| name.strip_suffix(key).is_some_and(|namespace| namespace.ends_with(':'));
    let found = tokens.iter().find(|(name, _)| of_key(name.as_str()));
    found.unwrap_or_else(|| panic!("no token of {key} in {tokens:?}")).1
}
