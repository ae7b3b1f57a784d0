//! Entries into a lease: the call that took it, and the calls nested in that.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::owned::{Freed, Owned};
use crate::backend::Mode;
use crate::clock::Moment;
use crate::engine::{Engine, Hold, Listeners, Released};
use crate::holder::Holder;
use crate::key::Spelling;
use crate::kind::{Lease, MAX_NAMES, Named, Part};
use crate::name::LockName;

/// One entry into a lease, owned by whoever is inside. The lease is released when its last entry ends, in whatever order
/// they end; dropping an entry (cancelled, panicked) ends it, and frees the lease in the background if it was the last.
pub(crate) struct Entry {
    place: Place,
    has_ended: bool,
}

/// Which entry of which lease: what a frame knows of the entry around a call. It keeps nothing held.
#[derive(Clone)]
pub(crate) struct Place {
    shared: Arc<Shared>,
    number: u32,
    names: Names,
    /// How the call that entered made its names; `None` until it has said so.
    spelling: Option<Spelling>,
}

/// Which of a lease's names an entry is about, a bit for each.
type Names = u128;
const ALL: Names = Names::MAX;
const _: () = assert!(MAX_NAMES <= Names::BITS as usize);

/// A lease and those who are inside.
struct Shared {
    engine: Engine,
    lease: Lease,
    record: String,
    since: Moment,
    inside: Mutex<Inside>,
    /// Siblings that wait until the entries inside theirs have ended.
    siblings: Listeners,
}

struct Inside {
    /// Taken when the last entry ends.
    owned: Option<Owned>,
    /// Open entries, the innermost last.
    open: Vec<(u32, Names)>,
    last_number: u32,
}

/// Whether a nested call can join now.
pub(crate) enum Joining {
    /// It is inside.
    Joined(Entry),
    /// A sibling is inside; there will be a wake-up.
    Wait,
    /// The lease is lost or closed: it is never joined.
    Over,
}

impl Shared {
    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends an entry; returns what is held if it was the last one.
    fn end(&self, number: u32) -> Option<Owned> {
        let mut inside = self.inside();
        inside.open.retain(|(open, _)| *open != number);
        let owned = if inside.open.is_empty() { inside.owned.take() } else { None };
        drop(inside);
        self.siblings.wake_all();
        owned
    }
}

impl Entry {
    /// The first entry into a hold just taken.
    pub(super) fn first(engine: Engine, hold: Hold, mode: Mode, record: String) -> Self {
        let part = Part { cell: Arc::clone(hold.cell()), engine: engine.downgrade() };
        Self::into_lease(engine, Lease::One(part, mode), Owned::One(hold), record)
    }

    /// The first entry into a lease of several parts.
    pub(super) fn into_lease(engine: Engine, lease: Lease, owned: Owned, record: String) -> Self {
        let inside = Mutex::new(Inside { owned: Some(owned), open: vec![(1, ALL)], last_number: 1 });
        let since = engine.now();
        let shared =
            Arc::new(Shared { engine, lease, record, since, inside, siblings: Listeners::default() });
        Self { place: Place { shared, number: 1, names: ALL, spelling: None }, has_ended: false }
    }

    pub(crate) fn place(&self) -> &Place {
        &self.place
    }

    pub(crate) fn lease(&self) -> &Lease {
        self.place.lease()
    }

    /// Says how the call that entered made its names.
    pub(crate) fn spelled(mut self, spelling: Option<Spelling>) -> Self {
        self.place.spelling = spelling;
        self
    }

    /// Takes the hold out, to be replaced by another: if it is one of one name, and nobody else is inside. The old lease is
    /// never joined again.
    pub(super) fn take_out(mut self) -> Result<(Engine, Hold, String), Self> {
        let mut inside = self.place.shared.inside();
        let hold = match inside.owned.take() {
            Some(Owned::One(hold)) if inside.open.len() == 1 => hold,
            owned => {
                inside.owned = owned;
                drop(inside);
                return Err(self);
            }
        };
        inside.open.clear();
        drop(inside);
        self.place.shared.siblings.wake_all();
        self.has_ended = true;
        Ok((self.place.shared.engine.clone(), hold, self.place.shared.record.clone()))
    }

    /// Ends this entry. If it was the last, the release is under way when this returns, and the future waits for the
    /// server's word; it may be dropped.
    pub(crate) fn end(mut self) -> impl Future<Output = Freed> + Send + 'static {
        self.has_ended = true;
        let (mut one, mut many) = (None, None);
        match self.place.shared.end(self.place.number) {
            // The kinds of most calls cost no allocation here.
            Some(Owned::One(hold)) => one = Some(hold.release()),
            owned => many = owned.map(Owned::release),
        }
        async move {
            match (one, many) {
                (Some(answer), _) => answer.await,
                (None, Some(answer)) => answer.await,
                (None, None) => Ok(Released::Kept),
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
    pub(crate) fn lease(&self) -> &Lease {
        &self.shared.lease
    }

    /// The name that this entry is about; of several, the first that was asked for.
    pub(crate) fn name(&self) -> &LockName {
        self.lease().name_at(self.first_at())
    }

    /// Where that name is in the lease.
    fn first_at(&self) -> usize {
        let in_order = || self.spelling.as_ref()?.places(|name| self.lease().place_of(name)).next();
        self.about_at().or_else(in_order).unwrap_or(0)
    }

    pub(super) fn spelling(&self) -> Option<&Spelling> {
        self.spelling.as_ref()
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.shared.engine
    }

    /// Its holder, for a sibling that found it busy.
    pub(super) fn holder(&self) -> Holder {
        let Shared { record, since, lease, engine, .. } = &*self.shared;
        Holder::here(record, engine.now().since(*since), lease.remaining())
    }

    pub(super) fn siblings(&self) -> &Listeners {
        &self.shared.siblings
    }

    /// The lease as this entry sees it: by the one name by which it joined, or by all.
    pub(super) fn about_at(&self) -> Option<usize> {
        (self.names != ALL).then(|| self.names.trailing_zeros() as usize)
    }

    /// Which of the lease's names that is, if this entry is about it.
    pub(super) fn about(&self, name: &LockName) -> Option<usize> {
        self.lease().place_of(name.as_str()).filter(|place| self.names & (1 << place) != 0)
    }

    /// What an entry that joined is about, for a lease that it becomes a part of.
    pub(super) fn joined(&self) -> (Named, Option<Part>) {
        let at = self.about_at().unwrap_or(0);
        (self.lease().named(at), self.lease().part_of(at))
    }

    /// Enters the lease for its name at `at`, if this place is the innermost open one of that name. Readers need not:
    /// they exclude nobody who is inside as a reader.
    pub(super) fn join(&self, at: usize) -> Joining {
        let names: Names = 1 << at;
        let mut inside = self.shared.inside();
        if inside.owned.is_none() || !self.lease().is_held() {
            return Joining::Over;
        }
        let innermost = inside.open.iter().rev().find(|(_, about)| about & names != 0);
        let is_innermost = innermost.is_some_and(|(number, _)| *number == self.number);
        if !is_innermost && self.lease().mode_of(at) == Mode::Exclusive {
            return Joining::Wait;
        }
        inside.last_number += 1;
        let number = inside.last_number;
        inside.open.push((number, names));
        Joining::Joined(Entry {
            place: Self { shared: Arc::clone(&self.shared), number, names, spelling: None },
            has_ended: false,
        })
    }
}
