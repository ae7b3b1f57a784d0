//! Who holds and who waits.

use lock_core::LockKind::{self, Fair, Multi, Read, Reentrant, Write};
use lock_core::{LockManager, LockRequest};

/// Who holds and who waits for the lock of one name, or for those of several.
pub(crate) struct Cast {
    pub(super) what: &'static str,
    pub(super) keys: Vec<String>,
    pub(super) holders: &'static [LockKind],
    /// In the order of their arrival.
    pub(super) waiters: &'static [LockKind],
}

impl Cast {
    /// A request of this kind for all that the cast is about.
    pub(super) fn request(&self, locks: &LockManager, kind: LockKind) -> LockRequest {
        match &*self.keys {
            [key] => locks.lock(key.as_str()).kind(kind),
            keys => locks.lock_all(keys.iter().map(String::as_str)).kind(kind),
        }
    }
}

const SINGLE: [(&str, &[LockKind], &[LockKind]); 4] = [
    ("reentrant", &[Reentrant], &[Reentrant; 3]),
    ("fair", &[Fair], &[Fair; 3]),
    ("readers", &[Read, Read], &[Write, Read, Read]),
    ("a writer", &[Write], &[Read, Read, Write]),
];

/// A cast for each kind: single locks with names out of `near`, and one of several locks for each name in `far`, together
/// with one more name out of `near`.
pub(crate) fn casts(near: &[String], far: &[String]) -> Vec<Cast> {
    assert_eq!(near.len(), near_names(far.len()));
    let (single, together) = near.split_at(SINGLE.len());
    let single = single.iter().zip(SINGLE).map(|(key, (what, holders, waiters))| Cast {
        what,
        keys: vec![key.clone()],
        holders,
        waiters,
    });
    let together = together.iter().zip(far).map(|(near, far)| Cast {
        what: "several",
        keys: vec![near.clone(), far.clone()],
        holders: &[Multi],
        waiters: &[Multi; 2],
    });
    single.chain(together).collect()
}

/// How many names [`casts`] takes as `near`, for so many `far`.
pub(crate) const fn near_names(far: usize) -> usize {
    SINGLE.len() + far
}
