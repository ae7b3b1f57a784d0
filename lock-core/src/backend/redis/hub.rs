//! Which lane serves whom, and the way back to the engine.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::time::Duration;

use tokio::runtime::{Handle, Id};
use tokio::sync::Notify;

use super::cluster::{self, Cluster, Detour, Redirect};
use super::config::RedisConfig;
use super::connection::{Connection, ServerTime};
use super::driver::Driver;
use super::errand::{Errand, Node};
use super::fault;
use super::lane::{self, Answers, Lane};
use super::liveness::{self, PATIENCE_OF_A_REQUEST, PATIENCE_OF_A_VOTE, PING_EVERY};
use super::scripts::RedTerms;
use crate::backend::{Fault, Generation, Inbox, Request, Via};
use crate::clock::Moment;
use crate::name::LockName;

/// Idle connections are looked at no more often than this.
const SHORTEST_LOOK: Duration = Duration::from_millis(50);
const CLOSED: &str = "the connection to the lock server is closed";

/// Shared by the backend, the drivers of its lanes, and its subscription.
pub(super) struct Hub {
    config: RedisConfig,
    counter_key: String,
    marker_key: String,
    acknowledged_channel: String,
    /// `None` after stop: the engine must not be kept alive by a task that is slow to end.
    inbox: Mutex<Option<Arc<dyn Inbox>>>,
    /// For the answers to what is submitted, or was taken out of a lane, while stop runs.
    late: Weak<dyn Inbox>,
    cluster: Option<Arc<Cluster>>,
    /// The runtime of the engine's lanes, which needs no others.
    engine_runtime: OnceLock<Handle>,
    lanes: Mutex<Lanes>,
    /// The server that the subscription is at.
    subscribed_at: Mutex<Option<(Generation, Node)>>,
    /// Told when that may not be the server where the locks are.
    doubt: Notify,
    /// Told when another connection to it has died in silence.
    suspected: Notify,
}

#[derive(Default)]
struct Lanes {
    /// The engine's, one for each node.
    engine: HashMap<Node, Arc<Lane>>,
    /// For what replicas have to acknowledge, one for each node: waiting for them blocks all that is behind it.
    replicated: HashMap<Node, Arc<Lane>>,
    /// One for each node and runtime that submitted; a runtime that can't drive a connection has the engine's.
    of: HashMap<(Id, Node), Arc<Lane>>,
    /// No lane is added any more: nobody would close it.
    closed: bool,
}

impl Hub {
    pub(super) fn new(
        config: RedisConfig,
        inbox: Arc<dyn Inbox>,
        cluster: Option<Arc<Cluster>>,
    ) -> Arc<Self> {
        Arc::new(Self {
            counter_key: config.counter_key(),
            marker_key: config.marker_key(),
            acknowledged_channel: config.acknowledged_channel(),
            config,
            late: Arc::downgrade(&inbox),
            inbox: Mutex::new(Some(inbox)),
            cluster,
            engine_runtime: OnceLock::new(),
            lanes: Mutex::default(),
            subscribed_at: Mutex::default(),
            doubt: Notify::new(),
            suspected: Notify::new(),
        })
    }

    pub(super) fn config(&self) -> &RedisConfig {
        &self.config
    }

    pub(super) fn in_cluster(&self) -> bool {
        self.cluster.is_some()
    }

    /// The counter that fences of `name` come from.
    pub(super) fn counter_of(&self, name: &LockName) -> Cow<'_, str> {
        match self.cluster {
            None => Cow::Borrowed(&self.counter_key),
            Some(_) => Cow::Owned(cluster::counter_key(&self.counter_key, name.slot())),
        }
    }

    /// What is asked with each acquisition, where the server is a red master.
    pub(super) fn red_terms(&self) -> Option<RedTerms<'_>> {
        Some(self.config.as_red()?.terms(&self.marker_key))
    }

    pub(super) fn acknowledged_channel(&self) -> &str {
        &self.acknowledged_channel
    }

    pub(super) fn now(&self) -> Moment {
        self.config.shared_clock().now()
    }

    /// Starts the engine's lane to `node` on the present runtime, with a connection that is open, or one to be opened when
    /// it is needed.
    pub(super) fn drive_engine_lane(self: &Arc<Self>, node: Node, connection: Option<Connection>) {
        let lane = Lane::of_engine(node.clone());
        let driver = Driver::new(Arc::clone(self), Arc::clone(&lane));
        self.lanes().engine.insert(node, lane);
        let _ = self.engine_runtime.set(Handle::current());
        tokio::spawn(driver.run(connection));
    }

    pub(super) fn submit(self: &Arc<Self>, requests: Vec<Request>) {
        let Some(now) = requests.last().map(|request| request.submitted) else { return };
        let mut groups: Vec<(Via, Node, Vec<Errand>)> = Vec::with_capacity(1);
        let mut homeless = Vec::new();
        for request in requests {
            let node = match &self.cluster {
                None => Node::Only,
                Some(cluster) => match cluster.owner(request.name.slot()) {
                    Some(node) => node,
                    None => {
                        homeless.push(Errand::from(request));
                        continue;
                    }
                },
            };
            match groups.iter_mut().find(|(via, at, _)| *via == request.via && *at == node) {
                Some((.., errands)) => errands.push(Errand::from(request)),
                None => groups.push((request.via, node, vec![Errand::from(request)])),
            }
        }
        for (via, node, errands) in groups {
            self.submit_to(&node, via, errands, now);
        }
        if !homeless.is_empty() {
            self.lane_in_trouble();
            self.answer(lane::unsent(
                homeless,
                &fault::transient("no node of the cluster serves the slot of this lock at present"),
            ));
        }
    }

    /// Sends requests on that a node has not run.
    pub(super) fn send_on(self: &Arc<Self>, detours: Vec<Detour>) {
        for Detour { errand, to } in detours {
            self.submit_to(&to, errand.request.via, vec![errand], self.now());
        }
    }

    fn submit_to(self: &Arc<Self>, node: &Node, via: Via, errands: Vec<Errand>, now: Moment) {
        let refused = match via {
            Via::Engine => errands,
            Via::Replicated => match self.lane_of_replicas(node) {
                None => errands,
                Some(lane) => match lane.push(errands, now) {
                    Ok(()) => return,
                    // Not through the engine's lane, whose answers prove nothing of any replica.
                    Err(unsent) => return self.answer(lane::unsent(unsent, &fault::transient(CLOSED))),
                },
            },
            Via::Caller => match Handle::try_current() {
                Err(_) => errands,
                Ok(runtime) if self.engine_runtime.get().map(Handle::id) == Some(runtime.id()) => errands,
                Ok(runtime) => match self.lane_of(&runtime, node).push(errands, now) {
                    Ok(()) => return,
                    Err(refused) => refused,
                },
            },
        };
        self.submit_to_engine(node, refused, now, &fault::transient(CLOSED));
    }

    fn submit_to_engine(self: &Arc<Self>, node: &Node, errands: Vec<Errand>, now: Moment, fault: &Fault) {
        if let Err(unsent) = self.engine_lane(node).push(errands, now) {
            self.answer(lane::unsent(unsent, fault));
        }
    }

    /// The engine's lane to `node`.
    fn engine_lane(self: &Arc<Self>, node: &Node) -> Arc<Lane> {
        self.own_lane(|lanes| &mut lanes.engine, node, Lane::of_engine)
    }

    /// The lane to `node` on which replicas are waited for, where they are.
    fn lane_of_replicas(self: &Arc<Self>, node: &Node) -> Option<Arc<Lane>> {
        let needed = self.config.replicas_needed();
        let new = |node| Lane::of_replicas(node, needed);
        (needed > 0).then(|| self.own_lane(|lanes| &mut lanes.replicated, node, new))
    }

    /// A lane on the engine's runtime, made when it is first needed.
    fn own_lane(
        self: &Arc<Self>,
        among: fn(&mut Lanes) -> &mut HashMap<Node, Arc<Lane>>,
        node: &Node,
        new: impl FnOnce(Node) -> Arc<Lane>,
    ) -> Arc<Lane> {
        let lane = {
            let mut lanes = self.lanes();
            if let Some(lane) = among(&mut lanes).get(node) {
                return Arc::clone(lane);
            }
            let lane = new(node.clone());
            if lanes.closed {
                // Nobody would close it later.
                lane.close(&fault::transient("the lock manager is shut down"));
                return lane;
            }
            among(&mut lanes).insert(node.clone(), Arc::clone(&lane));
            lane
        };
        if let Some(runtime) = self.engine_runtime.get() {
            // Not under the lock, as below.
            runtime.spawn(Driver::new(Arc::clone(self), Arc::clone(&lane)).run(None));
        }
        lane
    }

    fn lane_of(self: &Arc<Self>, runtime: &Handle, node: &Node) -> Arc<Lane> {
        let place = (runtime.id(), node.clone());
        let known = self.lanes().of.get(&place).cloned();
        if let Some(lane) = known {
            // Back from the engine's lane only when nothing is on it that must run first.
            let hears = lane.hears_again(|| self.engine_lane(node).is_idle());
            return if hears { lane } else { self.engine_lane(node) };
        }
        let lane = {
            let mut lanes = self.lanes();
            let closed = lanes.closed;
            match closed {
                true => None,
                false => {
                    Some(Arc::clone(lanes.of.entry(place).or_insert_with(|| Lane::of_user(node.clone()))))
                }
            }
        };
        // After the end the engine's lane is closed as well, and says so.
        let Some(lane) = lane else { return self.engine_lane(node) };
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
    pub(super) fn lane_ended(self: &Arc<Self>, ended: &Arc<Lane>, panicked: bool) {
        let fault = fault::transient("the runtime that owned the connection has ended");
        let (answers, unsent) = ended.close(&fault);
        let node = ended.node();
        {
            let mut lanes = self.lanes();
            let engine = lanes.engine.get(node).cloned();
            match engine {
                // The engine's own stays where it is, closed.
                Some(engine) if Arc::ptr_eq(ended, &engine) => {}
                Some(engine) if panicked => {
                    for lane in lanes.of.values_mut().filter(|lane| Arc::ptr_eq(lane, ended)) {
                        *lane = Arc::clone(&engine);
                    }
                }
                _ => lanes.of.retain(|_, lane| !Arc::ptr_eq(lane, ended)),
            }
        }
        self.answer(answers);
        if ended.replicas > 0 {
            return self.answer(lane::unsent(unsent, &fault));
        }
        if !unsent.is_empty() {
            self.submit_to_engine(node, unsent, self.now(), &fault);
        }
    }

    pub(super) fn tick(&self, now: Moment) {
        let lanes = self.all_lanes();
        let mut died = false;
        for lane in &lanes {
            let looked = lane.tick(now);
            died |= looked.died;
            if looked.died || !looked.answers.is_empty() {
                self.lane_in_trouble();
                self.answer(looked.answers);
            }
        }
        if died {
            // What dropped one connection without a word may have dropped them all.
            for lane in &lanes {
                lane.keep_alive(now, true);
            }
            self.suspected.notify_one();
        }
    }

    /// Pings what was silent for long, for ever: the task is aborted when the backend stops. On the engine's runtime, since
    /// none of a user's may have timers.
    pub(super) async fn keep_alive(self: Arc<Self>) {
        loop {
            let now = self.now();
            let next = self.all_lanes().iter().map(|lane| lane.keep_alive(now, false)).min();
            let pause = next.map_or(PING_EVERY, |next| next.since(now)).clamp(SHORTEST_LOOK, PING_EVERY);
            tokio::time::sleep(pause).await;
            self.tick(self.now());
        }
    }

    /// How soon a ping in front of a request must be answered over a connection with this round trip.
    pub(super) fn patience(&self, round_trip: Duration) -> Duration {
        let least = if self.config.as_red().is_some() { PATIENCE_OF_A_VOTE } else { PATIENCE_OF_A_REQUEST };
        liveness::patience(least, round_trip)
    }

    /// Returns when the subscription should be asked whether it lives.
    pub(super) async fn subscription_suspected(&self) {
        self.suspected.notified().await;
    }

    /// Each once, the engine's first.
    fn all_lanes(&self) -> Vec<Arc<Lane>> {
        let lanes = self.lanes();
        let mut all: Vec<_> = lanes.engine.values().chain(lanes.replicated.values()).cloned().collect();
        let users = lanes.of.iter().filter(|((_, node), lane)| {
            lanes.engine.get(node).is_none_or(|engine| !Arc::ptr_eq(lane, engine))
        });
        all.extend(users.map(|(_, lane)| Arc::clone(lane)));
        all
    }

    /// Closes every lane; what has no answer gets one.
    pub(super) fn close(&self) {
        let fault = fault::transient("the lock manager is shut down");
        // What could go wrong: a submit that runs beside this adds a lane that nobody closes. It can't: it looks at `closed`
        // under the lock under which it adds.
        self.lanes().closed = true;
        // The engine's first, so that nothing moves onto them any more.
        for lane in self.all_lanes() {
            let (answers, unsent) = lane.close(&fault);
            self.answer(answers);
            self.answer(lane::unsent(unsent, &fault));
        }
        self.lanes().of.clear();
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

    /// A server refuses a lane everything. The subscription may be at the same server, which, if it was demoted, keeps it
    /// open although nobody publishes there any more. In a cluster every node hears what any other publishes.
    pub(super) fn doubt_subscription(&self) {
        if self.in_cluster() {
            return;
        }
        self.doubt.notify_one();
        if let Some(sentinels) = self.config.sentinels() {
            sentinels.ask();
        }
    }

    /// A lane has reached the server of `generation`.
    pub(super) fn lane_found(&self, generation: &Generation) {
        let at = self.subscribed_at.lock().unwrap_or_else(PoisonError::into_inner);
        let known = at.as_ref().map_or(&Generation::UNKNOWN, |(at, _)| at);
        if !self.in_cluster()
            && *generation != Generation::UNKNOWN
            && *known != Generation::UNKNOWN
            && known != generation
        {
            self.doubt.notify_one();
        }
    }

    /// A node does not answer, or not as it should: another may be in its place.
    pub(super) fn lane_in_trouble(&self) {
        if let Some(cluster) = &self.cluster {
            cluster.doubt();
        }
    }

    /// A node has sent a request on.
    pub(super) fn redirected(&self, redirect: &Redirect) {
        if let Some(cluster) = &self.cluster {
            cluster.redirected(redirect);
        }
    }

    /// The cluster's map was read: a subscription at a node that has left it hears nothing any more.
    pub(super) fn cluster_changed(&self) {
        let at = self.subscribed_at.lock().unwrap_or_else(PoisonError::into_inner);
        if let (Some(cluster), Some((_, node))) = (&self.cluster, &*at)
            && !cluster.knows(node)
        {
            self.doubt.notify_one();
        }
    }

    /// At how many nodes one may subscribe.
    pub(super) fn listening_posts(&self) -> usize {
        self.cluster.as_ref().map_or(1, |cluster| cluster.masters().len())
    }

    /// Where to subscribe now.
    pub(super) fn listening_post(&self) -> Result<Node, Fault> {
        match &self.cluster {
            None => Ok(Node::Only),
            Some(cluster) => cluster
                .listening_post()
                .ok_or_else(|| fault::transient("no node of the cluster serves any slot at present")),
        }
    }

    /// The subscription is at the server of `generation` now.
    pub(super) fn subscribed_at(&self, generation: &Generation, node: &Node) {
        *self.subscribed_at.lock().unwrap_or_else(PoisonError::into_inner) =
            Some((generation.clone(), node.clone()));
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
