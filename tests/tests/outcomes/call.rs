//! One call of a function of the product: what it is given, and what it leaves.

use std::sync::atomic::{AtomicUsize, Ordering};

use lock_core::backend::memory::{ManualClock, MemoryBackend};
use lock_core::{Held, LockError};

pub(crate) const LEASE: std::time::Duration = std::time::Duration::from_secs(10);

/// The argument of every function of the product.
#[derive(Default)]
pub(crate) struct Call {
    /// Part of the lock's name.
    pub(crate) id: Option<u64>,
    /// What `when` looks at.
    pub(crate) amount: u64,
    /// Where the body loses its lock; `None`: nowhere.
    pub(crate) loses: Option<(MemoryBackend, ManualClock)>,
    pub(crate) entries: AtomicUsize,
    pub(crate) entries_with_a_hold: AtomicUsize,
    pub(crate) ends: AtomicUsize,
    pub(crate) fallbacks: AtomicUsize,
}

impl Call {
    /// The first line of every body.
    pub(crate) fn begin(&self) {
        self.entries.fetch_add(1, Ordering::SeqCst);
        let Some(held) = Held::current() else { return };
        self.entries_with_a_hold.fetch_add(1, Ordering::SeqCst);
        assert!(!held.is_lost(), "no line of a body starts after a known loss");
        if let Some((store, clock)) = &self.loses {
            assert!(store.lose(held.name()), "it is held");
            clock.advance(LEASE * 2);
        }
    }

    /// The last line of every body.
    pub(crate) fn end<R: Returned>(&self) -> R {
        self.ends.fetch_add(1, Ordering::SeqCst);
        R::of_body()
    }

    /// What a fallback does.
    pub(crate) fn instead<R: Returned>(&self) -> R {
        self.fallbacks.fetch_add(1, Ordering::SeqCst);
        R::of_body()
    }
}

/// How a call ended, as its caller sees it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// With what the body or the fallback returned.
    Value,
    /// `Ok(())` or `()`, which is a value and a skip.
    Unit,
    Skipped,
    /// With a lock error of that name.
    Error(&'static str),
}

pub(crate) trait Returned {
    fn of_body() -> Self;
    fn ended(self) -> Ended;
}

fn error(error: &LockError) -> Ended {
    Ended::Error(match error {
        LockError::Busy { .. } => "busy",
        LockError::Unavailable { .. } => "unavailable",
        LockError::Refused { .. } => "refused",
        LockError::Key { .. } => "key",
        LockError::NoManager { .. } => "no manager",
        LockError::Lost { body: lock_core::BodyOutcome::Cancelled, .. } => "lost, cancelled",
        LockError::Lost { body: lock_core::BodyOutcome::Finished, .. } => "lost, finished",
        _ => "another",
    })
}

impl Returned for Result<u64, LockError> {
    fn of_body() -> Self {
        Ok(1)
    }

    fn ended(self) -> Ended {
        self.map_or_else(|lock| error(&lock), |_| Ended::Value)
    }
}

impl Returned for Result<Option<u64>, LockError> {
    fn of_body() -> Self {
        Ok(Some(1))
    }

    fn ended(self) -> Ended {
        self.map_or_else(|lock| error(&lock), Returned::ended)
    }
}

impl Returned for Result<(), LockError> {
    fn of_body() -> Self {
        Ok(())
    }

    fn ended(self) -> Ended {
        self.map_or_else(|lock| error(&lock), Returned::ended)
    }
}

impl Returned for Option<u64> {
    fn of_body() -> Self {
        Some(1)
    }

    fn ended(self) -> Ended {
        self.map_or(Ended::Skipped, |_| Ended::Value)
    }
}

impl Returned for () {
    fn of_body() -> Self {}

    fn ended(self) -> Ended {
        Ended::Unit
    }
}
