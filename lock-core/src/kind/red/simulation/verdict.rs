//! What a run has shown.

use std::fmt;

/// What must be 0, and then what shows that the run was worth something.
#[derive(Clone, Debug, Default)]
pub(super) struct Verdict {
    pub(super) overlaps: u64,
    pub(super) fallen_tokens: u64,
    /// Somebody wanted the lock in a world without troubles, and did not get it.
    pub(super) starved: u64,
    /// Locks at masters, and processes whose engines still do something, after all was given back.
    pub(super) left_behind: u64,
    pub(super) holds: u64,
    pub(super) losses: u64,
    /// Parts that a master gave to somebody who waited there.
    pub(super) repairs: u64,
    /// Requests that a master did not count for.
    pub(super) abstained: u64,
    pub(super) forgot: u64,
    pub(super) events: u64,
}

impl Verdict {
    pub(super) fn is_clean(&self) -> bool {
        self.overlaps + self.fallen_tokens + self.starved + self.left_behind == 0
    }

    pub(super) fn add(&mut self, other: &Self) {
        self.overlaps += other.overlaps;
        self.fallen_tokens += other.fallen_tokens;
        self.starved += other.starved;
        self.left_behind += other.left_behind;
        self.holds += other.holds;
        self.losses += other.losses;
        self.repairs += other.repairs;
        self.abstained += other.abstained;
        self.forgot += other.forgot;
        self.events += other.events;
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { overlaps, fallen_tokens, starved, left_behind, holds, losses, repairs, .. } = self;
        write!(
            f,
            "overlaps {overlaps}, fallen tokens {fallen_tokens}, starved {starved}, left behind {left_behind}; {holds} holds, \
             {losses} losses, {repairs} parts repaired, {} times abstained, {} times forgotten, {} events",
            self.abstained, self.forgot, self.events
        )
    }
}
