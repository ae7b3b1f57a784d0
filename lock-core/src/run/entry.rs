//! Entries into a hold: the call that took it, and the calls nested in that.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::backend::Fault;
use crate::engine::{Engine, Hold, HoldCell, Listeners, Released};

/// One entry into a hold, owned by whoever is inside. The hold is released when its last entry ends, in whatever order they
/// end; dropping an entry (cancelled, panicked) ends it, and frees the hold in the background if it was the last.
pub(crate) struct Entry {
    place: Place,
    has_ended: bool,
}

/// Which entry of which hold: what a frame knows of the entry around a call. It keeps nothing held.
#[derive(Clone)]
pub(crate) struct Place {
    shared: Arc<SharedHold>,
    number: u32,
}

/// A hold and those who are inside.
struct SharedHold {
    engine: Engine,
    cell: Arc<HoldCell>,
    record: String,
    inside: Mutex<Inside>,
    /// Siblings that wait until the entries inside theirs have ended.
    siblings: Listeners,
}

struct Inside {
    /// Taken when the last entry ends.
    hold: Option<Hold>,
    /// Open entries, the innermost last.
    open: Vec<u32>,
    last_number: u32,
}

/// Whether a nested call can join now.
pub(crate) enum Joining {
    /// It is inside.
    Joined(Entry),
    /// A sibling is inside; there will be a wake-up.
    Wait,
    /// The hold is lost or closed: it is never joined.
    Over,
}

impl SharedHold {
    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends an entry; returns the hold if it was the last one.
    fn end(&self, number: u32) -> Option<Hold> {
        let mut inside = self.inside();
        inside.open.retain(|open| *open != number);
        let hold = if inside.open.is_empty() { inside.hold.take() } else { None };
        drop(inside);
        self.siblings.wake_all();
        hold
    }
}

impl Entry {
    /// The first entry into a hold just taken.
    pub(super) fn first(engine: Engine, hold: Hold, record: String) -> Self {
        let cell = Arc::clone(hold.cell());
        let inside = Mutex::new(Inside { hold: Some(hold), open: vec![1], last_number: 1 });
        let shared = Arc::new(SharedHold { engine, cell, record, inside, siblings: Listeners::default() });
        Self { place: Place { shared, number: 1 }, has_ended: false }
    }

    pub(crate) fn place(&self) -> &Place {
        &self.place
    }

    pub(crate) fn cell(&self) -> &Arc<HoldCell> {
        self.place.cell()
    }

    /// Ends this entry. If it was the last, the release is under way when this returns, and the future waits for the
    /// server's word; it may be dropped.
    pub(crate) fn end(mut self) -> impl Future<Output = Result<Released, Fault>> + Send + 'static {
        self.has_ended = true;
        let released = self.place.shared.end(self.place.number).map(Hold::release);
        async move {
            match released {
                Some(answer) => answer.await,
                None => Ok(Released::Kept),
            }
        }
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        if !self.has_ended {
            drop(self.place.shared.end(self.place.number));
        }
    }
}

impl Place {
    pub(crate) fn cell(&self) -> &Arc<HoldCell> {
        &self.shared.cell
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.shared.engine
    }

    pub(super) fn record(&self) -> &str {
        &self.shared.record
    }

    pub(super) fn siblings(&self) -> &Listeners {
        &self.shared.siblings
    }

    /// Enters the hold if this place is the innermost open one.
    pub(super) fn join(&self) -> Joining {
        let mut inside = self.shared.inside();
        if inside.hold.is_none() || !self.cell().is_held() {
            return Joining::Over;
        }
        if inside.open.last() != Some(&self.number) {
            return Joining::Wait;
        }
        inside.last_number += 1;
        let number = inside.last_number;
        inside.open.push(number);
        Joining::Joined(Entry { place: Self { shared: Arc::clone(&self.shared), number }, has_ended: false })
    }
}
