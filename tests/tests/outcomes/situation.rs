//! What a call meets.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use lock_core::backend::memory::{ManualClock, MemoryBackend};
use lock_core::backend::{Backend, FaultClass};
use lock_core::{LockManager, unreported_errors};

use crate::answering::Answering;
use crate::call::{Call, Ended};
use crate::product::Case;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Situation {
    Free,
    Busy,
    Unavailable,
    Refused,
    KeyError,
    NoManager,
    Lost,
}

/// What came of a call.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) ended: Ended,
    /// Locks that the store gave to the call.
    pub(crate) grants: usize,
    pub(crate) entries: usize,
    pub(crate) entries_with_a_hold: usize,
    /// Bodies that came to their last line.
    pub(crate) ends: usize,
    pub(crate) fallbacks: usize,
    pub(crate) unreported: u64,
}

impl Situation {
    pub(crate) const ALL: [Self; 7] = [
        Self::Free,
        Self::Busy,
        Self::Unavailable,
        Self::Refused,
        Self::KeyError,
        Self::NoManager,
        Self::Lost,
    ];

    /// Calls the function in it.
    pub(crate) fn play(self, case: &Case) -> Seen {
        let clock = ManualClock::new();
        let store = MemoryBackend::with_clock(Arc::new(clock.clone()));
        let fault = match self {
            Self::Unavailable => Some(FaultClass::Unavailable),
            Self::Refused => Some(FaultClass::Refused),
            _ => None,
        };
        let (backend, counted) = Answering::new(store.share(), fault);
        let locks = manager(backend, &clock);
        let others = manager(store.share(), &clock);
        let held =
            (self == Self::Busy).then(|| others.lock("case:1").acquire_blocking().expect("it is free"));

        let call = Call {
            id: (self != Self::KeyError).then_some(1),
            amount: 1_000,
            loses: (self == Self::Lost).then(|| (store.clone(), clock.clone())),
            ..Call::default()
        };
        let unreported = unreported_errors();
        let ended = (case.run)(&call, (self != Self::NoManager).then_some(&locks));
        let count = |counter: &AtomicUsize| counter.load(Ordering::SeqCst);
        let seen = Seen {
            ended,
            grants: counted.grants(),
            entries: count(&call.entries),
            entries_with_a_hold: count(&call.entries_with_a_hold),
            ends: count(&call.ends),
            fallbacks: count(&call.fallbacks),
            unreported: unreported_errors() - unreported,
        };
        drop(held);
        let free = others.lock("case:1").try_acquire_blocking().expect("an answer");
        assert!(free.is_some(), "{case:?}, {self:?}: the lock was kept");
        seen
    }
}

fn manager(backend: impl Backend, clock: &ManualClock) -> LockManager {
    let builder = LockManager::builder().backend(Arc::new(backend), Arc::new(clock.clone()));
    builder.connect_blocking().expect("a manager in memory")
}
