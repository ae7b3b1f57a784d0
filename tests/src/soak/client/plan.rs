//! What a task does next.

use std::time::Duration;

use lock_core::{LockKind, LockManager, LockRequest};

use crate::Seed;

/// No lease of the soak is longer.
pub(in crate::soak) const LONGEST_LEASE: Duration = Duration::from_millis(500);

/// The payload of a panic that belongs to the test.
#[derive(Debug)]
pub(super) struct Intended;

/// How an attempt ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Released,
    Dropped,
    /// The future that waits is dropped when it was polled so often.
    GivenUpAtPoll(u64),
    /// It is dropped after that time.
    GivenUpAfter(Duration),
    Panics,
    Aborted,
    /// The runtime's thread is blocked all the while.
    Blocks,
    /// It is not renewed, and held until it is lost.
    Outlives,
    /// The whole process stands still past the lease, between reading and writing.
    Freezes,
    /// By a plain thread, with the blocking twins.
    OnThread,
    /// A writer goes on as a reader.
    Downgrades,
}

impl Fate {
    fn deed(self) -> Option<&'static str> {
        match self {
            Self::Released => None,
            Self::Dropped => Some("guard dropped"),
            Self::GivenUpAtPoll(_) => Some("waiting future dropped at a poll"),
            Self::GivenUpAfter(_) => Some("waiting future dropped in time"),
            Self::Panics => Some("body panics"),
            Self::Aborted => Some("task aborted"),
            Self::Blocks => Some("runtime blocked"),
            Self::Outlives => Some("held past an unrenewed lease"),
            Self::OnThread => Some("by a plain thread"),
            Self::Downgrades => Some("downgraded"),
            Self::Freezes => Some("frozen between reading and writing"),
        }
    }
}

/// One attempt, as it is meant to go.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) kind: &'static str,
    pub(super) names: Vec<&'static str>,
    pub(super) wait: Duration,
    pub(super) lease: Duration,
    pub(super) hold: Duration,
    pub(super) fate: Fate,
    /// By [`LockRequest::run`] and not by a guard.
    pub(super) as_body: bool,
    /// Its body takes the same locks once more.
    pub(super) nests: bool,
    /// For so long it is not free, however early it is released.
    pub(super) least: Duration,
}

impl Plan {
    pub(super) fn draw(seed: &mut Seed, red: bool) -> Self {
        // Hot ones, and some that nobody waits for long.
        const NAMES: [&str; 9] = ["a", "b", "c", "d", "e", "f", "g", "h", "i"];
        let kind = match seed.below(12) {
            _ if red => "red",
            0..3 => "reentrant",
            3..6 => "fair",
            6..8 => "read",
            8..10 => "write",
            10 => "multi",
            _ => "read-multi",
        };
        let among = if seed.below(2) == 0 { 3 } else { NAMES.len() as u64 };
        let first = usize::try_from(seed.below(among)).unwrap_or(0);
        let names = match kind {
            "multi" | "read-multi" => vec![NAMES[first], NAMES[(first + 1) % NAMES.len()]],
            _ => vec![NAMES[first]],
        };
        let ms = Duration::from_millis;
        let wait = ms(match seed.below(10) {
            0 => 0,
            1..4 => 50 + seed.below(250),
            _ => 1000 + seed.below(1500),
        });
        let hold = ms(match seed.below(24) {
            0 => 300 + seed.below(500),
            _ => seed.below(15),
        });
        let fate = match seed.below(100) {
            0..6 => Fate::Dropped,
            6..12 => Fate::GivenUpAtPoll(1 + seed.below(8)),
            12..18 => Fate::GivenUpAfter(ms(seed.below(40))),
            18..21 => Fate::Panics,
            21..24 => Fate::Aborted,
            24..26 => Fate::Blocks,
            26..28 => Fate::Outlives,
            28 => Fate::Freezes,
            29..36 => Fate::OnThread,
            36..40 if matches!(kind, "reentrant" | "fair" | "write") => Fate::Downgrades,
            _ => Fate::Released,
        };
        let as_body = seed.below(3) == 0;
        let nests = as_body && seed.below(4) == 0;
        let least = ms(match seed.below(24) {
            // Who goes on as a reader keeps nothing from other readers.
            0 if fate != Fate::Downgrades => 50 + seed.below(450),
            _ => 0,
        });
        let lease = ms(200 + seed.below(301));
        Self { kind, names, wait, lease, hold, fate, as_body, nests, least }
    }

    /// What it does beyond taking a lock and giving it back.
    pub(super) fn deeds(&self) -> Vec<&'static str> {
        let nests = self.nests.then_some("nested");
        let keeps = (!self.least.is_zero()).then_some("kept for a while");
        self.fate.deed().into_iter().chain(nests).chain(keeps).collect()
    }

    pub(super) fn renews(&self) -> bool {
        self.fate != Fate::Outlives
    }

    pub(super) fn request(&self, locks: &LockManager) -> LockRequest {
        let request = match self.kind {
            "multi" => locks.lock_all(self.names.iter().copied()),
            "read-multi" => locks.lock_all(self.names.iter().copied()).read(),
            "fair" => locks.lock(self.names[0]).fair(),
            "read" => locks.lock(self.names[0]).read(),
            "write" => locks.lock(self.names[0]).write(),
            "red" => locks.lock(self.names[0]).kind(LockKind::Red),
            _ => locks.lock(self.names[0]),
        };
        let request = request.wait(self.wait).expire(self.lease).renew(self.renews());
        if self.least.is_zero() { request } else { request.hold_at_least(self.least) }
    }
}
