//! One simulated process: a real engine without its thread, its connections and its tasks.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Wake, Waker};

use super::network::{Connection, Wire};
use super::random::Random;
use super::tasks::Task;
use super::time::{MachineClock, Micros, VirtualTime};
use crate::backend::{Backend, Channel, HoldId, Request};
use crate::clock::{Clock, Moment};
use crate::engine::events::{Event, EventSink};
use crate::engine::handle::Engine;
use crate::engine::rules::Rules;
use crate::engine::shared::Shared;
use crate::name::LockName;

pub(super) struct Client {
    pub(super) shared: Arc<Shared>,
    pub(super) engine: Engine,
    pub(super) clock: MachineClock,
    pub(super) channel: Channel,
    pub(super) wire: Arc<Wire>,
    pub(super) connections: [Connection; 3],
    /// Submitted and unanswered: on which connection, since when.
    pub(super) in_flight: BTreeMap<u64, (usize, Request)>,
    pub(super) tasks: Vec<Task>,
    ready: Arc<Ready>,
    /// Tasks whose poll is planned.
    pub(super) polls: BTreeSet<usize>,
    /// Until when a task was last not polled although it was woken.
    pub(super) blocked_until: BTreeMap<usize, Micros>,
    /// The moment for which the engine's next look is planned, and the moment at which it will look.
    pub(super) tick_for: Micros,
    pub(super) tick_at: Micros,
    pub(super) paused_until: Micros,
    pub(super) alive: bool,
    /// Whether it is subscribed.
    pub(super) listens: bool,
    /// When a server's word last came that a name is taken.
    pub(super) said_taken: BTreeMap<LockName, Micros>,
    /// Keeps the events' queue open.
    _events: std::sync::mpsc::Receiver<Event>,
}

/// The tasks that were woken.
#[derive(Default)]
struct Ready(Mutex<BTreeSet<usize>>);

struct WakeTask(Arc<Ready>, usize);

impl Wake for WakeTask {
    fn wake(self: Arc<Self>) {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner).insert(self.1);
    }
}

impl Client {
    pub(super) fn new(
        index: usize,
        tasks: u64,
        time: &VirtualTime,
        drift: i64,
        rules: Rules,
        random: &mut Random,
    ) -> Self {
        let clock = MachineClock::new(time, random.between(3_600_000_000, 90_000_000_000), drift);
        let wire = Arc::new(Wire::default());
        let channel = Channel::new(&format!("channel{index}"));
        let (sink, events) = EventSink::new();
        let backend: Arc<dyn Backend> = Arc::clone(&wire) as Arc<dyn Backend>;
        let shared = Arc::new(Shared::new(backend, Arc::new(clock.clone()), channel.clone(), sink));
        let mut ids = Random::new(random.next());
        shared.desk(|desk| {
            desk.rules = rules;
            desk.new_id = Box::new(move |record| {
                let high = u128::from(ids.next());
                HoldId::from_random(high << 64 | u128::from(ids.next()), record)
            });
        });
        Self {
            engine: Engine::driven_by_hand(Arc::clone(&shared)),
            shared,
            clock,
            channel,
            wire,
            connections: [Connection::default(), Connection::default(), Connection::default()],
            in_flight: BTreeMap::new(),
            tasks: (0..tasks).map(|_| Task::default()).collect(),
            ready: Arc::default(),
            polls: BTreeSet::new(),
            blocked_until: BTreeMap::new(),
            tick_for: Micros::MAX,
            tick_at: Micros::MAX,
            paused_until: 0,
            alive: true,
            listens: false,
            said_taken: BTreeMap::new(),
            _events: events,
        }
    }

    pub(super) fn waker(&self, task: usize) -> Waker {
        Waker::from(Arc::new(WakeTask(Arc::clone(&self.ready), task)))
    }

    /// The tasks that were woken since this was last asked.
    pub(super) fn take_ready(&self) -> BTreeSet<usize> {
        std::mem::take(&mut *self.ready.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Looks, as the engine's thread does; the wish for the next look is in `planned`.
    pub(super) fn tick(&self) {
        self.shared.wake_up.begin();
        let due = self.shared.tick();
        self.shared.wake_up.plan(due);
    }

    /// When the engine's thread would look next, in virtual time.
    pub(super) fn next_tick(&self) -> Micros {
        self.clock.when(self.shared.wake_up.planned())
    }

    pub(super) fn now(&self) -> Moment {
        self.clock.now()
    }
}
