//! The simulated server: the protocol's pure step on a state of its own, with a clock of its own.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::mutation::Mutation;
use super::network::Copy;
use super::time::{MachineClock, Micros};
use crate::backend::memory::{Owner, Published, Record, Step, step};
use crate::backend::{Channel, Generation, HoldId, Operation, Reply};
use crate::clock::Moment;
use crate::name::LockName;

pub(super) struct Server {
    pub(super) clock: MachineClock,
    pub(super) records: BTreeMap<LockName, Record>,
    pub(super) counter: u64,
    pub(super) generation: Generation,
    lives: u64,
    pub(super) mutation: Mutation,
    /// Arrived and not executed.
    pub(super) backlog: VecDeque<Copy>,
    pub(super) free_at: Micros,
    pub(super) serving: bool,
    /// Who is subscribed, as far as the server knows.
    pub(super) subscribed: BTreeSet<String>,
    /// Fences that a client has made a hold of.
    pub(super) claimed: BTreeSet<u64>,
}

pub(super) struct Executed {
    pub(super) reply: Reply,
    pub(super) server_ms: u64,
    pub(super) grants: Vec<Published>,
    /// Living waiters of others that have neither their place any more nor the lock.
    pub(super) displaced: Vec<HoldId>,
}

impl Server {
    pub(super) fn new(clock: MachineClock, mutation: Mutation) -> Self {
        Self {
            clock,
            records: BTreeMap::new(),
            counter: 0,
            generation: Generation::new("life 0"),
            lives: 0,
            mutation,
            backlog: VecDeque::new(),
            free_at: 0,
            serving: false,
            subscribed: BTreeSet::new(),
            claimed: BTreeSet::new(),
        }
    }

    pub(super) fn now_ms(&self) -> u64 {
        self.clock.micros() / 1000
    }

    /// Loses everything, and begins a new life.
    pub(super) fn restart(&mut self) {
        self.records.clear();
        self.counter = 0;
        self.lives += 1;
        self.generation = Generation::new(&format!("life {}", self.lives));
    }

    pub(super) fn execute(&mut self, name: &LockName, id: &HoldId, operation: &Operation) -> Executed {
        let now_us = self.clock.micros();
        let now_ms = now_us / 1000;
        // As a key expires: what it knew is gone with it.
        let record = self.records.remove(name).unwrap_or_default();
        let record = if record.is_over(now_ms) { Record::default() } else { record };
        let waiters = (0..).map_while(|place| record.queue.head(place));
        let living = waiters.filter(|waiter| now_ms < waiter.beat_ms && waiter.id != *id);
        let living: Vec<_> = living.map(|waiter| (waiter.text(), waiter.id.clone())).collect();
        let done = self.mutated(record, id, operation, now_us);
        let keeps = |(text, id): &(String, HoldId)| {
            let mut holders = done.record.owner.iter().chain(done.record.readers.all());
            done.record.queue.ticket(text).is_some() || holders.any(|holder| holder.id == *id)
        };
        let displaced = living.into_iter().filter(|waiter| !keeps(waiter)).map(|(_, id)| id).collect();
        self.counter = done.counter;
        if !done.record.is_empty() {
            self.records.insert(name.clone(), done.record);
        }
        let reply = done.reply.expect("no number is past the clock");
        Executed { reply, server_ms: now_ms, grants: done.grants, displaced }
    }

    /// Who has the lock by its books: the owner, or readers; also those whose lease is over and whom nobody has cleared away.
    pub(super) fn holders(&self, name: &LockName) -> Vec<Owner> {
        let record = self.records.get(name);
        record
            .into_iter()
            .flat_map(|record| record.owner.iter().chain(record.readers.all()))
            .cloned()
            .collect()
    }

    /// In which life it is.
    pub(super) fn life(&self) -> u64 {
        self.lives
    }

    /// The virtual time at which this server's clock shows so many ms.
    pub(super) fn when_ms(&self, ms: u64) -> Micros {
        self.clock.when(Moment::new(std::time::Duration::from_millis(ms)))
    }

    pub(super) fn step(&self, record: Record, id: &HoldId, operation: &Operation, now_us: u64) -> Step {
        let reachable = |channel: &Channel| {
            self.mutation == Mutation::NotSkipped || self.subscribed.contains(channel.as_str())
        };
        step(record, self.counter, (id, operation), now_us, &reachable)
    }
}
