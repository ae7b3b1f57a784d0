//! Grants that the server never made: somebody reads the ids of those who wait in its records, and publishes.

use super::world::{Event, World};
use crate::backend::memory::Record;
use crate::backend::memory::queue::Waiter;
use crate::backend::{Generation, Grant};

/// A lease or a fence that no grant of the server can have.
#[derive(Clone, Copy, Debug)]
enum Lie {
    Lease(u64),
    Fence(u64),
    /// Of a life that the server has not had.
    Life,
}

impl World {
    /// Publishes, to one of those who wait, what can't be true. (What could be true is believed for a bounded time, and an
    /// outsider sees two holders meanwhile: `by_hand` measures that time.)
    pub(super) fn forge(&mut self) {
        let waits = |record: &Record| record.queue.waiters().cloned().collect::<Vec<Waiter>>();
        let waiting: Vec<(u64, Waiter)> = self
            .server
            .records
            .values()
            .flat_map(|record| waits(record).into_iter().map(|waiter| (record.last, waiter)))
            .collect();
        if waiting.is_empty() {
            return;
        }
        let at = self.random.between(0, waiting.len() as u64 - 1) as usize;
        let (last, waiter) = waiting[at].clone();
        let Some(client) = self.clients.iter().position(|client| client.channel == waiter.entry.channel)
        else {
            return;
        };
        let (short, now_us) = (waiter.entry.short_ms, self.server.clock.micros());
        let lie = self.random.pick(&[
            Lie::Lease(0),
            Lie::Lease(1),
            Lie::Lease(short - 1),
            Lie::Lease(short + 1),
            Lie::Lease(600_000),
            Lie::Lease(u64::MAX),
            Lie::Fence(0),
            Lie::Fence(now_us - 60_000_000),
            Lie::Fence(now_us + 60_000_000),
            Lie::Fence((1 << 52) - 1),
            Lie::Fence(1 << 53),
            Lie::Fence(u64::MAX),
            Lie::Life,
        ]);
        let mut grant = Grant {
            hex: waiter.id.hex().to_owned(),
            fence: last.max(now_us) + 1,
            left_ms: short,
            strict: self.random.per_mille(500),
            generation: self.server.generation.clone(),
        };
        match lie {
            Lie::Lease(left_ms) => grant.left_ms = left_ms,
            Lie::Fence(fence) => grant.fence = fence,
            Lie::Life => grant.generation = Generation::new("no life of this server"),
        }
        self.trace(|| format!("somebody tells c{client} a lie: {lie:?}"));
        let at = self.now() + self.random.between(40, 400);
        self.plan(at, Event::Push { client, grant });
    }
}
