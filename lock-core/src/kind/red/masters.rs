//! The masters of red locks.

use std::time::Duration;

use crate::engine::Engine;

/// No master is waited for longer than this, or than a fifth of the lease: one that is frozen must not use up the time in
/// which a majority of the others is valid.
const LONGEST_ANSWER: Duration = Duration::from_millis(250);

/// The independent masters on which red locks are kept; an odd number, three or more.
pub(crate) struct Masters {
    of: Vec<Master>,
    max_lease: Duration,
}

/// One of them.
pub(crate) struct Master {
    /// Where it is, for people.
    pub(crate) address: String,
    pub(crate) engine: Engine,
}

impl Masters {
    pub(crate) fn new(of: Vec<Master>, max_lease: Duration) -> Self {
        Self { of, max_lease }
    }

    pub(crate) fn all(&self) -> &[Master] {
        &self.of
    }

    /// The longest lease that may be asked for: a master that was restarted counts only once any longer one would be over.
    pub(crate) fn max_lease(&self) -> Duration {
        self.max_lease
    }

    /// The least majority.
    pub(crate) fn needed(&self) -> usize {
        self.of.len() / 2 + 1
    }

    /// The engine that stands for all: by its clock and alarms, and as what a red hold is known by.
    pub(crate) fn first(&self) -> &Engine {
        &self.of[0].engine
    }

    /// How long a master may take to answer.
    pub(super) fn answer_limit(expire: Duration) -> Duration {
        (expire / 5).min(LONGEST_ANSWER)
    }
}
