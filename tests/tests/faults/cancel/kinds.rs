//! All kinds of locks, and what can be done with each.

use lock_core::{LockManager, LockRequest};

use super::operations::Operation;

/// Every kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Reentrant,
    Fair,
    Read,
    Write,
    Several,
    Red,
}

impl Kind {
    /// A request of this kind.
    pub(super) fn lock(self, locks: &LockManager) -> LockRequest {
        match self {
            Self::Reentrant => locks.lock("a"),
            Self::Fair => locks.lock("a").fair(),
            Self::Read => locks.lock("a").read(),
            Self::Write => locks.lock("a").write(),
            Self::Several => locks.lock_all(["a", "b", "c"]),
            Self::Red => locks.lock("a").red(),
        }
    }

    /// A request that is granted only if nobody has any part of it.
    pub(super) fn alone(self, locks: &LockManager) -> LockRequest {
        if self == Self::Read { Self::Write.lock(locks) } else { self.lock(locks) }
    }

    pub(super) fn operations(self) -> &'static [Operation] {
        use Operation::{Acquire, Downgrade, Extend, FirstAcquire, Release, Run, Wait};
        match self {
            Self::Write => &[Acquire, FirstAcquire, Wait, Extend, Release, Run, Downgrade],
            // Its waiters stand in no queue: each attempt is an acquire.
            Self::Red => &[Acquire, FirstAcquire, Extend, Release, Run],
            _ => &[Acquire, FirstAcquire, Wait, Extend, Release, Run],
        }
    }
}
