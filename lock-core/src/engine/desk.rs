//! What all lines of an engine share: numbers, requests under way, undos, the server's clock.

use std::collections::HashMap;
#[cfg(test)]
use std::hash::{BuildHasherDefault, DefaultHasher};
use std::sync::Arc;
use std::time::Duration;

use super::alarms::Alarms;
use super::effects::Effects;
use super::line_key::LineKey;
use super::neighbours::Neighbours;
use super::raise::Raised;
use super::rules::Rules;
use super::server_clock::ServerClock;
use super::undo::Undo;
use crate::backend::{Channel, HoldId, Operation, REQUEST_LIMIT, Request, Via};
use crate::clock::{Clock, Moment};
use crate::name::LockName;

/// The engine's maps. In tests their order is the same in each run: a simulation must be repeatable.
#[cfg(not(test))]
pub(super) type Map<K, V> = HashMap<K, V>;
#[cfg(test)]
pub(super) type Map<K, V> = HashMap<K, V, BuildHasherDefault<DefaultHasher>>;

/// Makes the id of a new stay from the owner's record.
pub(super) type NewId = Box<dyn FnMut(&str) -> HoldId + Send>;

/// Whom the answer to a request is for.
#[derive(Clone, Debug)]
pub(super) enum Addressee {
    /// The stay of that line.
    Line(LineKey),
    /// The undo of that id.
    Undo(HoldId),
    /// Whoever asked for the raise of that number.
    Raise,
}

/// The shared part of the table.
pub(super) struct Desk {
    pub(super) clock: Arc<dyn Clock>,
    /// Which connection the call under way may use: that of a caller's runtime only where the caller itself asks. Who runs
    /// this for others (an answer's receiver, the engine's thread) must not lend them its own.
    pub(super) via: Via,
    /// The present moment of the call under way.
    pub(super) now: Moment,
    pub(super) channel: Channel,
    pub(super) rules: Rules,
    /// Whether a body has to wait until replicas have its lease.
    pub(super) acknowledge: bool,
    pub(super) server_clock: ServerClock,
    pub(super) effects: Effects,
    pub(super) under_way: Map<u64, Addressee>,
    /// Ids for which a grant may come, by the part that grants name.
    pub(super) awaited: Map<u128, LineKey>,
    pub(super) undos: Map<HoldId, Undo>,
    pub(super) neighbours: Neighbours,
    /// Who hears of the raises under way.
    pub(super) raises: Map<u64, Raised>,
    pub(super) new_id: NewId,
    /// Tasks that want to be woken at a moment of this clock.
    pub(super) alarms: Alarms,
    next_number: u64,
}

impl Desk {
    pub(super) fn new(clock: Arc<dyn Clock>, channel: Channel) -> Self {
        Self {
            via: Via::Engine,
            now: clock.now(),
            clock,
            channel,
            rules: Rules::ALL,
            acknowledge: false,
            server_clock: ServerClock::default(),
            effects: Effects::default(),
            under_way: Map::default(),
            awaited: Map::default(),
            undos: Map::default(),
            neighbours: Neighbours::default(),
            raises: Map::default(),
            new_id: Box::new(HoldId::new),
            alarms: Alarms::default(),
            next_number: 0,
        }
    }

    /// A number that this engine has not used before.
    pub(super) fn number(&mut self) -> u64 {
        self.next_number += 1;
        self.next_number
    }

    /// The latest server time at which an acquire sent now may run.
    pub(super) fn not_after_ms(&self) -> u64 {
        self.server_clock.at_most(self.now, REQUEST_LIMIT)
    }

    /// Writes a request for a line's stay into the table and hands it over.
    pub(super) fn send(&mut self, line: &LineKey, id: &HoldId, operation: Operation, via: Via) -> u64 {
        self.submit(&line.name, id, operation, via, Addressee::Line(line.clone()))
    }

    /// Sends what is no part of a stay's own course.
    pub(super) fn send_aside(&mut self, name: &LockName, id: &HoldId, operation: Operation, via: Via) -> u64 {
        self.submit(name, id, operation, via, Addressee::Raise)
    }

    pub(super) fn send_undo(&mut self, name: &LockName, id: &HoldId, operation: Operation, via: Via) -> u64 {
        self.submit(name, id, operation, via, Addressee::Undo(id.clone()))
    }

    /// Wakes whoever set an alarm that is due.
    pub(super) fn ring(&mut self) {
        self.effects.wakers.extend(self.alarms.ring(self.now));
        if let Some(next) = self.alarms.next() {
            self.effects.look_again(next);
        }
    }

    /// Gives an id up: it is forgotten at the server until that is certain.
    pub(super) fn undo(&mut self, id: HoldId, mut undo: Undo, via: Via) {
        self.awaited.remove(&id.number());
        undo.drive(&id, via, self);
        self.undos.insert(id, undo);
    }

    fn submit(&mut self, name: &LockName, id: &HoldId, operation: Operation, via: Via, to: Addressee) -> u64 {
        let seq = self.number();
        self.under_way.insert(seq, to);
        self.effects.requests.push(Request {
            seq,
            name: name.clone(),
            id: id.clone(),
            operation,
            via,
            submitted: self.now,
        });
        // The backend gives up on requests only when it is told the time.
        self.effects.look_again(self.now + Duration::from_millis(50));
        seq
    }
}
