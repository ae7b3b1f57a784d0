//! Which lane serves whom, and the way back to the engine.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};

use tokio::runtime::{Handle, Id};
use tokio::sync::Notify;

use super::config::RedisConfig;
use super::connection::{Connection, ServerTime};
use super::driver::Driver;
use super::fault;
use super::lane::{self, Answers, Lane};
use crate::backend::{Generation, Inbox, Request, Via};
use crate::clock::Moment;

const CLOSED: &str = "the connection to the lock server is closed";

/// Shared by the backend, the drivers of its lanes, and its subscription.
pub(super) struct Hub {
    config: RedisConfig,
    counter_key: String,
    acknowledged_channel: String,
    /// `None` after stop: the engine must not be kept alive by a task that is slow to end.
    inbox: Mutex<Option<Arc<dyn Inbox>>>,
    /// For the answers to what is submitted, or was taken out of a lane, while stop runs.
    late: Weak<dyn Inbox>,
    engine: Arc<Lane>,
    /// For what replicas have to acknowledge: waiting for them blocks all that is behind it.
    replicated: Option<Arc<Lane>>,
    /// The runtime of the engine's lane, which needs no second one.
    engine_runtime: OnceLock<Id>,
    /// One lane for each runtime that submitted; a runtime that can't drive a connection has the engine's.
    lanes: Mutex<Lanes>,
    /// The server that the subscription is at.
    subscribed_at: Mutex<Generation>,
    /// Told when that may not be the server where the locks are.
    doubt: Notify,
}

#[derive(Default)]
struct Lanes {
    of: HashMap<Id, Arc<Lane>>,
    /// No lane is added any more: nobody would close it.
    closed: bool,
}

impl Hub {
    pub(super) fn new(config: RedisConfig, inbox: Arc<dyn Inbox>) -> Arc<Self> {
        let needed = config.replicas_needed();
        let replicated = (needed > 0).then(|| Lane::of_replicas(needed));
        Arc::new(Self {
            counter_key: config.counter_key(),
            acknowledged_channel: config.acknowledged_channel(),
            config,
            late: Arc::downgrade(&inbox),
            inbox: Mutex::new(Some(inbox)),
            engine: Lane::of_engine(),
            replicated,
            engine_runtime: OnceLock::new(),
            lanes: Mutex::default(),
            subscribed_at: Mutex::default(),
            doubt: Notify::new(),
        })
    }

    pub(super) fn config(&self) -> &RedisConfig {
        &self.config
    }

    pub(super) fn counter_key(&self) -> &str {
        &self.counter_key
    }

    pub(super) fn acknowledged_channel(&self) -> &str {
        &self.acknowledged_channel
    }

    pub(super) fn now(&self) -> Moment {
        self.config.shared_clock().now()
    }

    /// Starts the engine's lane on the present runtime, with a connection that is open, or one to be opened when it is
    /// needed.
    pub(super) fn drive_engine_lane(self: &Arc<Self>, connection: Option<Connection>) {
        let driver = Driver::new(Arc::clone(self), Arc::clone(&self.engine));
        let _ = self.engine_runtime.set(Handle::current().id());
        tokio::spawn(driver.run(connection));
        if let Some(lane) = &self.replicated {
            tokio::spawn(Driver::new(Arc::clone(self), Arc::clone(lane)).run(None));
        }
    }

    pub(super) fn submit(self: &Arc<Self>, mut requests: Vec<Request>) {
        while let Some(first) = requests.first() {
            let via = first.via;
            let run = requests.iter().take_while(|request| request.via == via).count();
            let rest = requests.split_off(run);
            self.submit_via(via, std::mem::replace(&mut requests, rest));
        }
    }

    fn submit_via(self: &Arc<Self>, via: Via, requests: Vec<Request>) {
        let refused = match via {
            Via::Engine => requests,
            Via::Replicated => match &self.replicated {
                None => requests,
                Some(lane) => match lane.push(requests) {
                    Ok(()) => return,
                    // Not through the engine's lane, whose answers prove nothing of any replica.
                    Err(unsent) => return self.answer(lane::unsent(unsent, &fault::transient(CLOSED))),
                },
            },
            Via::Caller => match Handle::try_current() {
                Err(_) => requests,
                Ok(runtime) if self.engine_runtime.get() == Some(&runtime.id()) => requests,
                Ok(runtime) => match self.lane_of(&runtime).push(requests) {
                    Ok(()) => return,
                    Err(refused) => refused,
                },
            },
        };
        if let Err(unsent) = self.engine.push(refused) {
            self.answer(lane::unsent(unsent, &fault::transient(CLOSED)));
        }
    }

    fn lane_of(self: &Arc<Self>, runtime: &Handle) -> Arc<Lane> {
        let known = self.lanes().of.get(&runtime.id()).cloned();
        if let Some(lane) = known {
            // Back from the engine's lane only when nothing is on it that must run first.
            return if lane.hears_again(|| self.engine.is_idle()) { lane } else { Arc::clone(&self.engine) };
        }
        let lane = {
            let mut lanes = self.lanes();
            if lanes.closed {
                // The engine's lane is closed as well, and says so.
                return Arc::clone(&self.engine);
            }
            Arc::clone(lanes.of.entry(runtime.id()).or_insert_with(Lane::of_user))
        };
        if lane.claim() {
            // Not under the lock: a runtime that is shutting down drops the driver here, and that takes the lock.
            runtime.spawn(Driver::new(Arc::clone(self), Arc::clone(&lane)).run(None));
        }
        lane
    }

    #[cfg(test)]
    pub(super) fn user_lanes(&self) -> usize {
        self.lanes().of.len()
    }

    /// A driver is gone. `panicked`: its runtime has no I/O (that is how tokio says so), so the engine's lane serves it
    /// from now on.
    pub(super) fn lane_ended(&self, ended: &Arc<Lane>, panicked: bool) {
        let fault = fault::transient("the runtime that owned the connection has ended");
        let (answers, unsent) = ended.close(&fault);
        if !Arc::ptr_eq(ended, &self.engine) {
            let mut lanes = self.lanes();
            if panicked {
                for lane in lanes.of.values_mut().filter(|lane| Arc::ptr_eq(lane, ended)) {
                    *lane = Arc::clone(&self.engine);
                }
            } else {
                lanes.of.retain(|_, lane| !Arc::ptr_eq(lane, ended));
            }
        }
        self.answer(answers);
        if ended.replicas > 0 {
            return self.answer(lane::unsent(unsent, &fault));
        }
        if let Err(unsent) = self.engine.push(unsent) {
            self.answer(lane::unsent(unsent, &fault));
        }
    }

    pub(super) fn tick(&self, now: Moment) {
        for lane in self.all_lanes() {
            self.answer(lane.tick(now));
        }
    }

    /// Closes every lane; what has no answer gets one.
    pub(super) fn close(&self) {
        let fault = fault::transient("the lock manager is shut down");
        // The engine's first, so that nothing moves onto it any more.
        let mut lanes = vec![Arc::clone(&self.engine)];
        lanes.extend(self.replicated.clone());
        // What could go wrong: a submit that runs beside this adds a lane that nobody closes. It can't: it looks at `closed`
        // under the lock under which it adds.
        {
            let mut users = self.lanes();
            users.closed = true;
            lanes.extend(users.of.drain().map(|(_, lane)| lane));
        }
        for lane in lanes {
            let (answers, unsent) = lane.close(&fault);
            self.answer(answers);
            self.answer(lane::unsent(unsent, &fault));
        }
        *self.inbox_slot() = None;
    }

    pub(super) fn answer(&self, answers: Answers) {
        if answers.is_empty() {
            return;
        }
        if let Some(inbox) = self.inbox().or_else(|| self.late.upgrade()) {
            inbox.answers(answers);
        }
    }

    pub(super) fn server_time(&self, time: Option<ServerTime>) {
        if let (Some(time), Some(inbox)) = (time, self.inbox()) {
            inbox.server_time(time.sent, time.ms);
        }
    }

    /// The server that all connections are at is not the master any more. They end now: it may accept what is sent to it
    /// for a long time yet, and all of that will be gone.
    pub(super) fn leave_master(&self, why: &str) {
        let (fault, now) = (fault::transient(why), self.now());
        for lane in self.all_lanes() {
            self.answer(lane.forsake(&fault, now));
        }
        self.doubt.notify_one();
    }

    /// Every lane once.
    fn all_lanes(&self) -> Vec<Arc<Lane>> {
        let mut all = vec![Arc::clone(&self.engine)];
        all.extend(self.replicated.clone());
        let users = self.lanes();
        all.extend(users.of.values().filter(|lane| !Arc::ptr_eq(lane, &self.engine)).cloned());
        all
    }

    /// A server refuses a lane everything. The subscription may be at the same server, which, if it was demoted, keeps it
    /// open although nobody publishes there any more.
    pub(super) fn doubt_subscription(&self) {
        self.doubt.notify_one();
        if let Some(sentinels) = self.config.sentinels() {
            sentinels.ask();
        }
    }

    /// A lane has reached the server of `generation`.
    pub(super) fn lane_found(&self, generation: &Generation) {
        let at = self.subscribed_at.lock().unwrap_or_else(PoisonError::into_inner);
        if *generation != Generation::UNKNOWN && *at != Generation::UNKNOWN && *at != *generation {
            self.doubt.notify_one();
        }
    }

    /// The subscription is at the server of `generation` now.
    pub(super) fn subscribed_at(&self, generation: &Generation) {
        *self.subscribed_at.lock().unwrap_or_else(PoisonError::into_inner) = generation.clone();
    }

    /// Returns when the subscription should be made anew.
    pub(super) async fn subscription_doubted(&self) {
        self.doubt.notified().await;
    }

    pub(super) fn inbox(&self) -> Option<Arc<dyn Inbox>> {
        self.inbox_slot().clone()
    }

    fn inbox_slot(&self) -> MutexGuard<'_, Option<Arc<dyn Inbox>>> {
        self.inbox.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lanes(&self) -> MutexGuard<'_, Lanes> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
