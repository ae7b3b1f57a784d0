//! What the rules are tried on.

use std::collections::{HashMap, HashSet};

use crate::backend::memory::record::Record;
use crate::backend::memory::step::{Published, step};
use crate::backend::{HoldId, Operation, Reply};

/// One operation on one lock.
pub(crate) type Order = (&'static str, HoldId, Operation);

/// A place where operations run, at a time that the test sets.
pub(crate) trait Subject {
    /// Runs one call.
    fn run(&mut self, orders: &[Order]) -> Vec<Reply>;
    /// Server time, in µs.
    fn now_us(&mut self) -> &mut u64;
    /// Whether somebody listens to a channel; everybody does at first.
    fn listens(&mut self, channel: &'static str, listens: bool);
    /// What was published since the last call.
    fn published(&mut self) -> Vec<Published>;
    /// Whether a lock left anything behind.
    fn is_gone(&mut self, name: &'static str) -> bool;
}

/// `step`, with what it needs around it.
#[derive(Default)]
pub(crate) struct Model {
    pub(crate) records: HashMap<&'static str, Record>,
    pub(crate) counter: u64,
    pub(crate) now_us: u64,
    pub(crate) deaf: HashSet<&'static str>,
    pub(crate) published: Vec<Published>,
}

/// A time with a fraction of a millisecond.
pub(crate) const START_US: u64 = 1_800_000_000_000_400;

impl Model {
    pub(crate) fn new() -> Self {
        Self { now_us: START_US, ..Self::default() }
    }

    pub(crate) fn one(&mut self, (name, id, operation): &Order) -> Reply {
        let record = self.records.remove(name).unwrap_or_default();
        let deaf = &self.deaf;
        let step = step(record, self.counter, (id, operation), self.now_us, &|channel| {
            !deaf.contains(channel.as_str())
        });
        if !step.record.is_empty() {
            self.records.insert(name, step.record);
        }
        self.counter = step.counter;
        self.published.extend(step.grants);
        step.reply.expect("no number is past the clock")
    }
}

impl Subject for Model {
    fn run(&mut self, orders: &[Order]) -> Vec<Reply> {
        orders.iter().map(|order| self.one(order)).collect()
    }

    fn now_us(&mut self) -> &mut u64 {
        &mut self.now_us
    }

    fn listens(&mut self, channel: &'static str, listens: bool) {
        if listens {
            self.deaf.remove(channel);
        } else {
            self.deaf.insert(channel);
        }
    }

    fn published(&mut self) -> Vec<Published> {
        std::mem::take(&mut self.published)
    }

    fn is_gone(&mut self, name: &'static str) -> bool {
        !self.records.contains_key(name)
    }
}
