//! The link between a process and a master.

use std::collections::BTreeSet;

use crate::engine::simulation::random::Random;
use crate::engine::simulation::time::Micros;

/// First in, first out, each way, while it is not broken.
#[derive(Clone, Debug, Default)]
pub(super) struct Link {
    /// Nothing passes until then.
    pub(super) broken_until: Micros,
    /// Which process of the master the present connection leads to; none after a break.
    pub(super) life: Option<u64>,
    last_arrival: Micros,
    last_reply: Micros,
    /// The engine's requests that have no answer yet.
    pub(super) unanswered: BTreeSet<u64>,
}

impl Link {
    pub(super) fn arrival(&mut self, now: Micros, delay: Micros) -> Micros {
        self.last_arrival = (now + delay).max(self.last_arrival + 1);
        self.last_arrival
    }

    pub(super) fn reply(&mut self, now: Micros, delay: Micros) -> Micros {
        self.last_reply = (now + delay).max(self.last_reply + 1);
        self.last_reply
    }
}

/// How long a message takes: a few are slow, as if there were a pause at either end.
pub(super) fn delay(random: &mut Random, slow: u64) -> Micros {
    let usual = random.between(40, 400);
    if random.chance(slow) { usual + random.between(0, 120_000) } else { usual }
}
