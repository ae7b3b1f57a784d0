//! What a run has shown.

use std::collections::BTreeMap;
use std::fmt;

/// What breaks a promise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Violation {
    /// Two definite holds at once.
    Overlap,
    /// A definite hold that the server does not know, or knows for a shorter time.
    Unbacked,
    /// A fence or a token that is not above all earlier ones of its name.
    TokenOrder,
    /// The server has an owner or a waiter whose engine has forgotten it.
    Orphan,
    /// An owner that nobody claims keeps the lock for longer than its short lease and one refresh.
    Unclaimed,
    /// The lock is free and somebody waits for it, for long.
    Idle,
    /// A wait that did not end by its deadline.
    Overdue,
    /// All is calm, and somebody still waits, releases or holds.
    Hang,
    /// All is calm and nobody is there, but the lock could not be had.
    Stuck,
    /// "Busy" was said when it was not so.
    FalseBusy,
    /// "Unavailable" was said although every request was answered in time.
    FalseUnavailable,
    /// A waiter was granted the lock before one who had come earlier and was alive.
    Overtaken,
    /// The lock was handed to a waiter that could not be told, past others that could.
    ToNobody,
    /// A living waiter was taken out of the queue by somebody else's request.
    Displaced,
    /// Something is left when all is over.
    Leak,
    /// An extension was reported that the server has not given.
    NotExtended,
    /// A body was started with less than half a short lease.
    LateStart,
}

/// The figures of one run, or of many.
#[derive(Clone, Debug, Default)]
pub(super) struct Verdict {
    pub(super) virtual_ms: u64,
    pub(super) events: u64,
    pub(super) holds: u64,
    /// So many holds there were at the same moment, at most.
    pub(super) most_at_once: u64,
    pub(super) losses: u64,
    pub(super) cancelled: u64,
    pub(super) busy: u64,
    pub(super) unavailable: u64,
    pub(super) extended: u64,
    pub(super) grants: u64,
    pub(super) faults: u64,
    /// Refreshes by somebody whose place was gone.
    pub(super) gone: u64,
    /// For how long the server had an owner that nobody had claimed yet.
    pub(super) unclaimed_ms: u64,
    pub(super) violations: BTreeMap<Violation, u64>,
    /// The first of each kind, with its seed.
    pub(super) first: BTreeMap<Violation, String>,
}

impl Verdict {
    pub(super) fn count(&self, violation: Violation) -> u64 {
        self.violations.get(&violation).copied().unwrap_or(0)
    }

    pub(super) fn is_clean(&self) -> bool {
        self.violations.is_empty()
    }

    pub(super) fn note(&mut self, violation: Violation, what: impl FnOnce() -> String) {
        *self.violations.entry(violation).or_default() += 1;
        self.first.entry(violation).or_insert_with(what);
    }

    pub(super) fn add(&mut self, other: Self) {
        self.virtual_ms += other.virtual_ms;
        self.events += other.events;
        self.holds += other.holds;
        self.most_at_once = self.most_at_once.max(other.most_at_once);
        self.losses += other.losses;
        self.cancelled += other.cancelled;
        self.busy += other.busy;
        self.unavailable += other.unavailable;
        self.extended += other.extended;
        self.grants += other.grants;
        self.faults += other.faults;
        self.gone += other.gone;
        self.unclaimed_ms += other.unclaimed_ms;
        for (violation, times) in other.violations {
            *self.violations.entry(violation).or_default() += times;
        }
        for (violation, what) in other.first {
            self.first.entry(violation).or_insert(what);
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} virtual s, {} events, {} faults, {} holds (at most {} at once, {} lost), {} hand-overs, {} cancelled, {} busy, {} unavailable, \
             {} extended, {} places gone, {} s unclaimed; overlaps: {}",
            self.virtual_ms / 1000,
            self.events,
            self.faults,
            self.holds,
            self.most_at_once,
            self.losses,
            self.grants,
            self.cancelled,
            self.busy,
            self.unavailable,
            self.extended,
            self.gone,
            self.unclaimed_ms / 1000,
            self.count(Violation::Overlap),
        )?;
        for (violation, times) in &self.violations {
            write!(f, "\n  {violation:?}: {times}, first: {}", self.first[violation])?;
        }
        Ok(())
    }
}
