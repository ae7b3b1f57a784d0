//! Locks that tests hold and lose by key, whatever name a call makes of it.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::backend::memory::{ForeignHold, MemoryBackend, WeakForeignHold};
use crate::key::{LockKey, Spelled, Spelling};
use crate::name::LockName;

/// What a test holds, and which names the manager's calls have made of their keys.
///
/// What could go wrong: a test holds `("order", 42)`, the function under test makes `LOCK:order/acme/42` of it, by its delimiter
/// and the manager's key generator, and finds its lock free. It can't: each call shows its names here before it asks for them,
/// and those that a key held by the test means are taken first.
#[derive(Debug)]
pub(super) struct Foreign {
    backend: MemoryBackend,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    held: Vec<(LockKey, WeakForeignHold)>,
    /// Names that calls have made and that differ from what their keys mean by hand, each once.
    seen: Vec<(Spelling, Spelled)>,
}

impl Foreign {
    pub(super) fn new(backend: MemoryBackend) -> Self {
        Self { backend, state: Mutex::default() }
    }

    /// Takes what `key` means: `by_hand`, and what calls have made of it. `None` if one of them is held or waited for.
    pub(super) fn hold(&self, key: LockKey, by_hand: &LockName) -> Option<ForeignHold> {
        let mut state = self.state();
        let hold = self.backend.hold(by_hand)?;
        if !state.meant(&key).iter().all(|name| hold.take_too(name)) {
            return None;
        }
        state.held.retain(|(_, hold)| !hold.is_over());
        state.held.push((key, hold.downgrade()));
        Some(hold)
    }

    /// Forgets what `key` means; whether there was anything to forget.
    pub(super) fn lose(&self, key: &LockKey, by_hand: &LockName) -> bool {
        let names = self.state().meant(key);
        let lost = names.iter().chain([by_hand]).map(|name| self.backend.lose(name));
        lost.fold(false, |any, lost| any | lost)
    }

    /// A call is about to ask for its names.
    pub(super) fn asks(&self, spelling: &Spelling, spelled: &Spelled) {
        let mut state = self.state();
        let is_known =
            |(known, name): &(Spelling, Spelled)| known.delimiter == spelling.delimiter && name == spelled;
        if !state.seen.iter().any(is_known) {
            state.seen.push((spelling.clone(), spelled.clone()));
        }
        let meant = state.held.iter().filter(|(key, _)| spelling.means(key, spelled));
        meant.for_each(|(_, hold)| hold.take_too(&spelled.name));
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn meant(&self, key: &LockKey) -> Vec<LockName> {
        let meant = self.seen.iter().filter(|(spelling, spelled)| spelling.means(key, spelled));
        meant.map(|(_, spelled)| spelled.name.clone()).collect()
    }
}
