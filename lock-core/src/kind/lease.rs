//! What a holder has, as one: k of n parts.

mod lost;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

pub(crate) use lost::LeaseLost;

use crate::backend::Mode;
use crate::clock::Moment;
use crate::engine::{HoldCell, Listeners, WeakEngine};
use crate::error::{BodyOutcome, LockError};
use crate::name::LockName;

/// What a holder has: one hold, or several of which so many are needed.
#[derive(Clone)]
pub(crate) enum Lease {
    /// One of one. Simple kinds pay for no more.
    One(Part, Mode),
    Many(Arc<Parts>),
}

/// One hold at one server.
#[derive(Clone)]
pub(crate) struct Part {
    pub(crate) cell: Arc<HoldCell>,
    pub(crate) engine: WeakEngine,
}

/// A name that is held, and how.
#[derive(Clone, Debug)]
pub(crate) struct Named {
    pub(crate) name: LockName,
    pub(crate) token: u64,
    pub(crate) mode: Mode,
}

/// Several holds, of which `needed` must be held: all of them under several names, a majority under one.
///
/// What could go wrong: fewer than needed are held for a moment, somebody else gets the lock, a part is added, and the
/// lease counts as held again. It can't: a lost part stays lost, a part is added only while enough of the others are
/// held, and so they were all along.
pub(crate) struct Parts {
    names: Vec<Named>,
    needed: usize,
    /// The longest lease that the parts may ask for.
    limit: Option<Duration>,
    held: Mutex<Held>,
    lost: AtomicBool,
    /// Those who watch the parts and have to look which they are.
    listeners: Listeners,
}

struct Held {
    parts: Vec<Part>,
    /// Rises with every change of the parts.
    version: u64,
    /// The lease that was last asked for by the holder.
    extended: Option<Duration>,
    /// Until when none of them is to be free.
    keep_until: Option<Moment>,
}

impl Parts {
    /// All of several names.
    pub(crate) fn all(names: Vec<Named>, parts: Vec<Part>) -> Self {
        Self::new(names, parts.len(), parts, None)
    }

    /// So many of one name's parts.
    pub(crate) fn quorum(named: Named, needed: usize, parts: Vec<Part>, limit: Duration) -> Self {
        Self::new(vec![named], needed, parts, Some(limit))
    }

    fn new(names: Vec<Named>, needed: usize, parts: Vec<Part>, limit: Option<Duration>) -> Self {
        let held = Mutex::new(Held { parts, version: 1, extended: None, keep_until: None });
        Self { names, needed, limit, held, lost: AtomicBool::new(false), listeners: Listeners::default() }
    }

    /// Puts `part` in the place of those that are lost; `false` if the lease does not stand without it. Whoever does so
    /// [keeps](Self::keep_as_wished) it and [tells](Self::tell_of_change) of it, when it holds no lock of its own.
    pub(crate) fn replace_lost(&self, part: Part) -> bool {
        if self.is_lost() {
            return false;
        }
        let mut held = self.held();
        held.parts.retain(|part| !part.cell.is_lost());
        let stands = held.parts.iter().filter(|part| part.cell.is_held()).count() >= self.needed;
        if stands {
            held.parts.push(part);
            held.version += 1;
        }
        stands
    }

    /// A part that came later is not to be free before the others are.
    pub(crate) fn keep_as_wished(&self, part: &Part) {
        let wished = self.held().keep_until;
        if let Some(until) = wished {
            part.keep(until);
        }
    }

    /// Wakes those who watch the parts.
    pub(crate) fn tell_of_change(&self) {
        self.listeners.wake_all();
    }

    /// The lease that the holder last asked for, if it did.
    pub(crate) fn extended(&self) -> Option<Duration> {
        self.held().extended
    }

    pub(crate) fn is_lost(&self) -> bool {
        if self.lost.load(Ordering::SeqCst) {
            return true;
        }
        let kept = self.held().parts.iter().filter(|part| !part.cell.is_lost()).count();
        if kept < self.needed {
            self.lost.store(true, Ordering::SeqCst);
        }
        kept < self.needed
    }

    fn is_held(&self) -> bool {
        !self.is_lost() && self.held().parts.iter().filter(|part| part.cell.is_held()).count() >= self.needed
    }

    /// Until when enough of the parts are valid.
    pub(crate) fn valid_until(&self) -> Moment {
        let held = self.held();
        let mut ends: Vec<Moment> = held
            .parts
            .iter()
            .filter(|part| !part.cell.is_lost())
            .map(|part| part.cell.valid_until())
            .collect();
        ends.sort_unstable_by(|one, other| other.cmp(one));
        ends.get(self.needed - 1).copied().unwrap_or_default()
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lease {
    pub(crate) fn name(&self) -> &LockName {
        match self {
            Self::One(part, _) => &part.cell.name,
            Self::Many(parts) => &parts.names[0].name,
        }
    }

    pub(crate) fn token(&self) -> u64 {
        match self {
            Self::One(part, _) => part.cell.token,
            Self::Many(parts) => parts.names[0].token,
        }
    }

    /// Every name with its token, in the order in which they were taken.
    pub(crate) fn tokens(&self) -> Vec<(LockName, u64)> {
        match self {
            Self::One(part, _) => vec![(part.cell.name.clone(), part.cell.token)],
            Self::Many(parts) => parts.names.iter().map(|it| (it.name.clone(), it.token)).collect(),
        }
    }

    /// Which of its names that is.
    pub(crate) fn place_of(&self, name: &str) -> Option<usize> {
        match self {
            Self::One(part, _) => (part.cell.name.as_str() == name).then_some(0),
            Self::Many(parts) => parts.names.iter().position(|it| it.name.as_str() == name),
        }
    }

    pub(crate) fn token_of(&self, name: &str) -> Option<u64> {
        let place = self.place_of(name)?;
        match self {
            Self::One(part, _) => Some(part.cell.token),
            Self::Many(parts) => Some(parts.names[place].token),
        }
    }

    /// The name at `place`.
    pub(crate) fn name_at(&self, place: usize) -> &LockName {
        match self {
            Self::One(part, _) => &part.cell.name,
            Self::Many(parts) => parts.names.get(place).map_or_else(|| self.name(), |it| &it.name),
        }
    }

    /// The name at `place`, with its token, and how it is held.
    pub(crate) fn named(&self, place: usize) -> Named {
        match self {
            Self::One(part, mode) => {
                Named { name: part.cell.name.clone(), token: part.cell.token, mode: *mode }
            }
            Self::Many(parts) => parts.names[place.min(parts.names.len() - 1)].clone(),
        }
    }

    /// How the name at `place` is held.
    pub(crate) fn mode_of(&self, place: usize) -> Mode {
        match self {
            Self::One(_, mode) => *mode,
            Self::Many(parts) => parts.names.get(place).map_or(Mode::Exclusive, |it| it.mode),
        }
    }

    /// The hold of the name at `place`, where each name has one.
    pub(crate) fn part_of(&self, place: usize) -> Option<Part> {
        match self {
            Self::One(part, _) => Some(part.clone()),
            Self::Many(parts) => {
                let name = &parts.names.get(place)?.name;
                parts.held().parts.iter().find(|part| part.cell.name == *name).cloned()
            }
        }
    }

    pub(crate) fn is_lost(&self) -> bool {
        match self {
            Self::One(part, _) => part.cell.is_lost(),
            Self::Many(parts) => parts.is_lost(),
        }
    }

    /// Why what was lost is: its lease ended, or the manager was shut down. `body`: what became of the body.
    pub(crate) fn lost_error(&self, name: &LockName, body: BodyOutcome) -> LockError {
        let key = name.to_string();
        let stopped = match self {
            Self::One(part, _) => part.cell.is_stopped(),
            Self::Many(parts) => parts.held().parts.iter().any(|part| part.cell.is_stopped()),
        };
        if stopped { LockError::ShutDown { key, body: Some(body) } } else { LockError::Lost { key, body } }
    }

    pub(crate) fn is_held(&self) -> bool {
        match self {
            Self::One(part, _) => part.cell.is_held(),
            Self::Many(parts) => parts.is_held(),
        }
    }

    pub(crate) fn remaining(&self) -> Duration {
        match self {
            Self::One(part, _) => part.cell.remaining(),
            Self::Many(parts) if parts.is_lost() => Duration::ZERO,
            Self::Many(parts) => parts.valid_until().since(self.now()),
        }
    }

    /// The engine's present moment.
    pub(crate) fn now(&self) -> Moment {
        match self {
            Self::One(part, _) => part.cell.now(),
            Self::Many(parts) => parts.held().parts.first().map_or_else(Moment::default, |it| it.cell.now()),
        }
    }

    /// The longest lease that it may ask for, if that is less than any lock's.
    pub(crate) fn limit(&self) -> Option<Duration> {
        match self {
            Self::One(..) => None,
            Self::Many(parts) => parts.limit,
        }
    }

    /// The body has begun, and it is not to be free before `time` from now on is over.
    pub(crate) fn keep(&self, time: Duration) {
        let until = self.now() + time;
        match self {
            Self::One(part, _) => part.keep(until),
            Self::Many(parts) => {
                let these = {
                    let mut held = parts.held();
                    held.keep_until = held.keep_until.max(Some(until));
                    held.parts.clone()
                };
                these.iter().for_each(|part| part.keep(until));
            }
        }
    }

    /// Asks for a lease of that length now; false if it is lost or over.
    pub(crate) async fn extend(&self, lease: Duration) -> bool {
        match self {
            Self::One(part, _) => part.extend(lease).await,
            Self::Many(parts) => {
                let these = {
                    let mut held = parts.held();
                    held.extended = Some(lease);
                    held.parts.clone()
                };
                // All leave at once; what is slow beyond those that are needed is not waited for.
                let extending: Vec<_> = these.iter().map(|part| Box::pin(part.extend(lease))).collect();
                let count = extending.len();
                super::at_once::enough(extending, parts.needed, count).await && parts.is_held()
            }
        }
    }

    /// Ready once it is lost; never, if it is released in time.
    pub(crate) fn lost(&self) -> LeaseLost {
        LeaseLost::of(self)
    }
}

impl Part {
    /// See [`Lease::keep`].
    fn keep(&self, until: Moment) {
        if let Some(engine) = self.engine.upgrade() {
            engine.keep(&self.cell, until.since(engine.now()));
        }
    }

    async fn extend(&self, lease: Duration) -> bool {
        match self.engine.upgrade() {
            Some(engine) => engine.extend(&self.cell, lease).await,
            None => false,
        }
    }
}
