//! A simulated master: the protocol's pure step on a state of its own, with a clock of its own, and a marker.

use std::collections::BTreeMap;

use crate::backend::memory::marker::Marker;
use crate::backend::memory::{Record, step};
use crate::backend::{Fault, FaultClass, Operation, Reply, Request};
use crate::engine::simulation::time::{MachineClock, Micros};
use crate::name::LockName;

/// What is lost when a master forgets.
#[derive(Clone, Default)]
struct Data {
    records: BTreeMap<LockName, Record>,
    counter: u64,
    marker: Marker,
}

pub(super) struct Master {
    pub(super) clock: MachineClock,
    data: Data,
    /// What is on its disk.
    saved: Data,
    life: u64,
    longest_ms: u64,
    /// It stands still until then.
    pub(super) frozen_until: Micros,
    /// Whether it abstains when it may have forgotten something; it always should.
    abstains: bool,
}

impl Master {
    pub(super) fn new(clock: MachineClock, longest_ms: u64, abstains: bool) -> Self {
        let (data, saved) = (Data::default(), Data::default());
        Self { clock, data, saved, life: 0, longest_ms, frozen_until: 0, abstains }
    }

    pub(super) fn now_ms(&self) -> u64 {
        self.clock.micros() / 1000
    }

    /// Which process it is, as a run id tells.
    pub(super) fn life(&self) -> u64 {
        self.life
    }

    /// `FLUSHALL`.
    pub(super) fn forget(&mut self) {
        self.data = Data::default();
    }

    /// Writes its data to its disk.
    pub(super) fn save(&mut self) {
        self.saved = self.data.clone();
    }

    /// Another process with what is on the disk, or with nothing.
    pub(super) fn restart(&mut self, with_copy: bool) {
        self.data = if with_copy { self.saved.clone() } else { Data::default() };
        self.life += 1;
    }

    /// Whether its vote counts, which it has to say before it grants anything.
    pub(super) fn counts(&mut self) -> Result<(), Fault> {
        let life = self.life.to_string();
        let counts = self.data.marker.counts(&life, self.clock.micros(), self.longest_ms, false);
        match counts {
            Err(left) if self.abstains => {
                Err(Fault::new(FaultClass::Unavailable, format!("it is not counted for {left} ms")))
            }
            _ => Ok(()),
        }
    }

    pub(super) fn execute(&mut self, request: &Request) -> Result<Reply, Fault> {
        let Request { name, id, operation, .. } = request;
        let now_us = self.clock.micros();
        let now_ms = now_us / 1000;
        if matches!(operation, Operation::Acquire(_) | Operation::Raise { .. }) {
            self.counts()?;
        }
        // As a key expires: what it knew is gone with it.
        let record = self.data.records.remove(name).unwrap_or_default();
        let record = if record.is_over(now_ms) { Record::default() } else { record };
        // Nobody is subscribed at a red master.
        let done = step(record, self.data.counter, (id, operation), now_us, &|_| false);
        self.data.counter = done.counter;
        if !done.record.is_empty() {
            self.data.records.insert(name.clone(), done.record);
        }
        done.reply.map_err(|damage| damage.fault())
    }

    /// The locks that somebody has or wants there.
    pub(super) fn left(&self) -> usize {
        let now_ms = self.now_ms();
        self.data.records.values().filter(|record| !record.is_over(now_ms)).count()
    }
}
