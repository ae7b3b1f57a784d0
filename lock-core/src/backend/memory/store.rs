//! Where the records of one or several memory backends are kept.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, SystemTime};

use super::record::Record;
use super::step::{Damage, Published, step};
use crate::backend::{Channel, Fault, Generation, Grant, HoldId, Inbox, Operation, Reply};
use crate::clock::{BootClock, Clock};

/// What several backends share as several clients share a server.
pub(crate) struct Store {
    clock: Arc<dyn Clock>,
    /// Server time is the clock plus this, for ever: fences then also rise over restarts of the process.
    epoch: Duration,
    generation: Generation,
    state: Mutex<State>,
}

type Inboxes = HashMap<Channel, Arc<dyn Inbox>>;

#[derive(Default)]
struct State {
    records: HashMap<Arc<str>, Record>,
    counter: u64,
    /// Who listens to which channel.
    inboxes: Inboxes,
    /// Sweep when there are this many records.
    sweep_at: usize,
}

/// The reply to one operation, and what is to be told to whom once no lock is held.
pub(crate) struct Outcome {
    pub(crate) reply: Result<Reply, Fault>,
    pub(crate) server_ms: u64,
    pub(crate) deliveries: Vec<Delivery>,
}

/// A grant and whom to tell. Nothing may be locked when it is [delivered](Self::deliver): an inbox may call back.
#[must_use = "a grant that is not delivered is found by the waiter's next refresh only"]
pub(crate) struct Delivery {
    inbox: Arc<dyn Inbox>,
    grant: Grant,
}

impl Delivery {
    pub(crate) fn deliver(self) {
        self.inbox.granted(self.grant);
    }
}

/// Stores that have a name, as long as anybody uses them.
static NAMED: Mutex<Vec<(String, Weak<Store>)>> = Mutex::new(Vec::new());

impl Store {
    pub(crate) fn new(clock: Arc<dyn Clock>, epoch: Duration) -> Arc<Self> {
        Arc::new(Self { clock, epoch, generation: Generation::new("memory"), state: Mutex::default() })
    }

    /// A store on the machine's clock, whose server time is the present time.
    pub(crate) fn real() -> Arc<Self> {
        let wall = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Self::new(Arc::new(BootClock), wall.saturating_sub(BootClock.now().since_zero()))
    }

    /// The store of this name in this process.
    pub(crate) fn named(name: &str) -> Arc<Self> {
        let mut named = NAMED.lock().unwrap_or_else(PoisonError::into_inner);
        named.retain(|(_, store)| store.strong_count() > 0);
        if let Some(store) = named.iter().find_map(|(at, store)| (at == name).then(|| store.upgrade())?) {
            return store;
        }
        let store = Self::real();
        named.push((name.to_owned(), Arc::downgrade(&store)));
        store
    }

    pub(crate) const fn generation(&self) -> &Generation {
        &self.generation
    }

    pub(crate) fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    /// Server time in ms.
    pub(crate) fn now_ms(&self) -> u64 {
        self.now_us() / 1000
    }

    fn now_us(&self) -> u64 {
        let since_epoch = self.epoch.saturating_add(self.clock.now().since_zero());
        u64::try_from(since_epoch.as_micros()).unwrap_or(u64::MAX)
    }

    /// Runs one operation.
    pub(crate) fn run(&self, name: &str, id: &HoldId, operation: &Operation) -> Outcome {
        let mut state = self.state();
        // Read under the lock, or a later operation could run at an earlier time.
        let now_us = self.now_us();
        state.sweep_if_large(now_us / 1000);
        let (name, record) = match state.records.remove_entry(name) {
            Some(entry) => entry,
            None => (Arc::from(name), Record::default()),
        };
        let inboxes = &state.inboxes;
        let step =
            step(record, state.counter, (id, operation), now_us, &|channel| inboxes.contains_key(channel));
        let deliveries =
            step.grants.into_iter().filter_map(|published| self.delivery(inboxes, published)).collect();
        state.counter = step.counter;
        state.keep(name, step.record);
        let reply = step.reply.map_err(Damage::fault);
        Outcome { reply, server_ms: now_us / 1000, deliveries }
    }

    fn delivery(&self, inboxes: &Inboxes, published: Published) -> Option<Delivery> {
        Some(Delivery {
            inbox: Arc::clone(inboxes.get(&published.channel)?),
            grant: Grant {
                hex: published.id.hex().to_owned(),
                fence: published.fence,
                left_ms: published.left_ms,
                strict: published.strict,
                generation: self.generation.clone(),
            },
        })
    }

    pub(crate) fn listen(&self, channel: &Channel, inbox: Arc<dyn Inbox>) {
        self.state().inboxes.insert(channel.clone(), inbox);
    }

    pub(crate) fn unlisten(&self, channel: &Channel) {
        // Dropped after the lock is released: it may be the last handle of much more than an inbox.
        let inbox = self.state().inboxes.remove(channel);
        drop(inbox);
    }

    /// Forgets a lock; whether there was anything to forget.
    pub(crate) fn lose(&self, name: &str) -> bool {
        let mut state = self.state();
        let Some(record) = state.records.remove(name) else {
            return false;
        };
        state.counter = state.counter.max(record.last);
        !record.is_over(self.now_us() / 1000)
    }

    /// The names that a server would show now.
    pub(crate) fn names(&self) -> Vec<String> {
        let mut state = self.state();
        state.sweep(self.now_us() / 1000);
        let mut names: Vec<_> = state.records.keys().map(ToString::to_string).collect();
        names.sort();
        names
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// A record that goes takes the last fence with it. On a server time has moved on by then; a manual clock may
    /// stand still, so the counter carries the fence.
    fn keep(&mut self, name: Arc<str>, record: Record) {
        if record.is_empty() {
            self.counter = self.counter.max(record.last);
        } else {
            self.records.insert(name, record);
        }
    }

    /// Removes what nobody came back for. Called each time the number of records has doubled, so that it costs each
    /// operation next to nothing.
    fn sweep_if_large(&mut self, now_ms: u64) {
        if self.records.len() >= self.sweep_at.max(64) {
            self.sweep(now_ms);
            self.sweep_at = self.records.len() * 2;
        }
    }

    fn sweep(&mut self, now_ms: u64) {
        let counter = &mut self.counter;
        self.records.retain(|_, record| {
            let over = record.is_over(now_ms);
            if over {
                *counter = (*counter).max(record.last);
            }
            !over
        });
    }
}
