//! An engine without its thread, for simulations of what is built on engines: whoever has it carries its requests, brings the
//! answers and moves its clock.

use std::sync::{Arc, mpsc};

use tokio::runtime::Handle;

use super::network::Wire;
use super::random::Random;
use super::time::{MachineClock, Micros};
use crate::backend::{Answer, Backend, Channel, HoldId, Inbox, Request};
use crate::clock::Clock;
use crate::engine::events::{Event, EventSink};
use crate::engine::handle::Engine;
use crate::engine::shared::Shared;

pub(crate) struct Puppet {
    shared: Arc<Shared>,
    engine: Engine,
    clock: MachineClock,
    wire: Arc<Wire>,
    /// Keeps the events' queue open.
    _events: mpsc::Receiver<Event>,
}

impl Puppet {
    /// An engine by that clock, whose tasks run on `runtime`.
    pub(crate) fn new(clock: &MachineClock, mut ids: Random, runtime: &Handle) -> Self {
        let wire = Arc::new(Wire::default());
        let (sink, events) = EventSink::new();
        let backend: Arc<dyn Backend> = Arc::clone(&wire) as Arc<dyn Backend>;
        let shared = Arc::new(Shared::new(backend, Arc::new(clock.clone()), Channel::new("puppet"), sink));
        shared.desk(|desk| {
            desk.new_id = Box::new(move |record| {
                let high = u128::from(ids.next());
                HoldId::from_random(high << 64 | u128::from(ids.next()), record)
            });
        });
        let _ = shared.runtime.set(runtime.clone());
        let engine = Engine::driven_by_hand(Arc::clone(&shared));
        Self { shared, engine, clock: clock.clone(), wire, _events: events }
    }

    pub(crate) fn engine(&self) -> Engine {
        self.engine.clone()
    }

    /// What it has submitted since this was last asked.
    pub(crate) fn requests(&self) -> Vec<Request> {
        self.wire.take()
    }

    pub(crate) fn answered(&self, seq: u64, answer: Answer) {
        self.shared.answers(vec![(seq, answer)]);
    }

    /// What a new connection tells.
    pub(crate) fn server_time(&self, server_ms: u64) {
        self.shared.server_time(self.clock.now(), server_ms);
    }

    /// Looks, as its thread does.
    pub(crate) fn tick(&self) {
        self.shared.wake_up.begin();
        let due = self.shared.tick();
        self.shared.wake_up.plan(due);
    }

    /// When its thread would look next, in virtual time.
    pub(crate) fn next_tick(&self) -> Micros {
        self.clock.when(self.shared.wake_up.planned())
    }

    /// Whether nothing is held, asked for or undone.
    pub(crate) fn is_idle(&self) -> bool {
        self.shared.is_empty()
    }
}
