//! A lane: one connection with a queue in front of it, and the table of everything that has no answer yet.
//!
//! The table is shared between the tasks that submit, the driver on the lane's runtime, and the engine's thread, which
//! can answer for a lane whose runtime is blocked. Every request is answered exactly once because taking it out of the
//! table, under its mutex, is the permission to answer it.

use std::collections::VecDeque;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use super::batch::{self, Batch};
use super::errand::{Errand, Node};
use super::fault;
use super::liveness::{Liveness, Verdict};
use crate::backend::{Answer, Fault, REQUEST_LIMIT, Request};
use crate::clock::Moment;

/// Answers by [`Request::seq`].
pub(super) type Answers = Vec<(u64, Answer)>;

/// How many calls (in a cluster, pipelines of them) are on their way at most. Two keep the server busy while replies travel; more only make the calls
/// smaller (measured on loopback, 64 and 256 tasks on two workers: 4 and 8 lose a tenth against 2).
const WINDOW: usize = 2;
/// A call takes at most an equal share of all requests, but no less than this, and each leaves in a write of its own: the
/// server then works on one half while the client works on the answers of the other, instead of the two taking turns
/// (64 tasks on one thread: 66 k to 121 k pairs a second).
const SMALLEST_SHARE: usize = 16;
/// The operations that a pipeline of calls carries about at most: a write of some 100 KiB.
const PIPELINE: usize = 256;
/// A request that has waited for a connection this long is not sent any more: it would have too little time left to be
/// answered, and its silence would be blamed on a connection that is well.
const TOO_OLD_TO_SEND: Duration = Duration::from_millis(REQUEST_LIMIT.as_millis() as u64 / 2);
/// The same for one that goes again because its connection has died in silence: half its time went by until that was known.
const TOO_OLD_TO_SEND_AGAIN: Duration = Duration::from_millis(REQUEST_LIMIT.as_millis() as u64 * 4 / 5);
const FIRST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_millis(400);

/// What is on its way in one write: one call, in a cluster one for each slot.
#[derive(Debug)]
pub(super) struct Flight {
    /// Numbers rise in the order of sending.
    pub(super) number: u64,
    pub(super) calls: Vec<Batch>,
    /// Read before the first byte could leave.
    pub(super) sent: Moment,
}

impl Flight {
    fn requests(&self) -> impl Iterator<Item = &Request> {
        self.calls.iter().flat_map(Batch::requests)
    }

    fn len(&self) -> usize {
        self.calls.iter().map(|call| call.errands.len()).sum()
    }
}

#[derive(Debug)]
pub(super) struct Lane {
    table: Mutex<Table>,
    node: Node,
    /// Whether requests may go elsewhere while the runtime is blocked; nowhere, for the engine's lane.
    has_fallback: bool,
    /// How many replicas have to acknowledge what a call of this lane wrote; none, but on the lane that is for that.
    pub(super) replicas: u32,
    window: usize,
}

#[derive(Debug, Default)]
struct Table {
    /// Somebody spawns its driver.
    claimed: bool,
    closed: bool,
    pending: Vec<Errand>,
    flying: VecDeque<Arc<Flight>>,
    next_number: u64,
    /// How many requests were answered by the last call; cleared by waiting for as many to come again.
    crowd: usize,
    /// Counts connections, also failed ones. A driver that works for another epoch drops its connection.
    epoch: u64,
    /// Since when a connection is being opened.
    opening: Option<Moment>,
    /// Openings that failed in a row, and connections that were of no use.
    failures: u32,
    /// Not to be opened before.
    pause_until: Moment,
    /// A connection broke: open the next without waiting for a request.
    hurry: bool,
    /// The driver's runtime was found blocked.
    deaf: bool,
    waker: Option<Waker>,
    liveness: Liveness,
    /// Since when the driver has been woken and not come.
    woken: Option<Moment>,
}

/// What became of a lane by looking at it.
#[derive(Debug, Default)]
pub(super) struct Looked {
    pub(super) answers: Answers,
    /// Its connection has died in silence.
    pub(super) died: bool,
}

/// What the driver does next.
pub(super) enum Round {
    /// Sends these, in this order, behind a ping if there is to be one; none means waiting.
    Send { ping: bool, flights: Vec<Arc<Flight>> },
    /// Lets those go first who have just got their answers: they are about to ask again, and travel in the same call.
    Crowd,
    /// Gives up this connection.
    Over,
}

impl Lane {
    /// The lane of a user's runtime, for which the engine's can stand in.
    pub(super) fn of_user(node: Node) -> Arc<Self> {
        Arc::new(Self { table: Mutex::default(), node, has_fallback: true, replicas: 0, window: WINDOW })
    }

    /// The engine's lane, which stands in for others.
    pub(super) fn of_engine(node: Node) -> Arc<Self> {
        Arc::new(Self { table: Mutex::default(), node, has_fallback: false, replicas: 0, window: WINDOW })
    }

    /// The lane whose answers wait for so many replicas. One flight at a time: a second would wait at the server, behind
    /// the first, and its time is counted from when it is sent.
    pub(super) fn of_replicas(node: Node, replicas: u32) -> Arc<Self> {
        Arc::new(Self { table: Mutex::default(), node, has_fallback: false, replicas, window: 1 })
    }

    /// Where it leads.
    pub(super) fn node(&self) -> &Node {
        &self.node
    }

    /// Queues errands, or hands them back: the lane is closed, or its runtime is blocked. `now` may be somewhat old.
    pub(super) fn push(&self, mut errands: Vec<Errand>, now: Moment) -> Result<(), Vec<Errand>> {
        if errands.is_empty() {
            return Ok(());
        }
        let mut table = self.table();
        if table.closed || table.deaf {
            return Err(errands);
        }
        if table.pending.is_empty() {
            table.pending = errands;
        } else {
            table.pending.append(&mut errands);
        }
        let waker = table.take_waker(now);
        drop(table);
        wake(waker);
        Ok(())
    }

    /// Whether nothing is queued or on its way.
    pub(super) fn is_idle(&self) -> bool {
        let table = self.table();
        table.pending.is_empty() && table.flying.is_empty()
    }

    /// Whether the runtime was found blocked and `ready` says that its requests may come back here.
    pub(super) fn hears_again(&self, ready: impl FnOnce() -> bool) -> bool {
        let mut table = self.table();
        if table.deaf && table.waker.is_some() && ready() {
            table.deaf = false;
        }
        !table.deaf
    }

    /// `true` once: whoever gets it spawns the driver.
    pub(super) fn claim(&self) -> bool {
        !std::mem::replace(&mut self.table().claimed, true)
    }

    /// Starts an epoch with a connection that is open already; `patience`: see [`Liveness::opened`].
    pub(super) fn adopt(&self, now: Moment, patience: Duration) -> u64 {
        let mut table = self.table();
        table.epoch += 1;
        table.liveness.opened(now, patience);
        table.epoch
    }

    /// Waits until a connection is wanted; its epoch, or `None` if the lane is closed.
    pub(super) fn poll_wanted(&self, context: &Context<'_>, now: Moment) -> Poll<Option<u64>> {
        let mut table = self.table();
        if table.closed {
            return Poll::Ready(None);
        }
        table.remember(context.waker());
        if (table.pending.is_empty() && !table.hurry) || now < table.pause_until {
            return Poll::Pending;
        }
        table.hurry = false;
        table.epoch += 1;
        table.opening = Some(now);
        Poll::Ready(Some(table.epoch))
    }

    /// Whether the opening of `epoch` was given up.
    pub(super) fn is_over(&self, context: &Context<'_>, epoch: u64) -> bool {
        let mut table = self.table();
        table.remember(context.waker());
        table.epoch != epoch || table.closed
    }

    /// The connection of `epoch` is open; `patience`: see [`Liveness::opened`].
    pub(super) fn opened(&self, epoch: u64, now: Moment, patience: Duration) {
        let mut table = self.table();
        if table.epoch == epoch {
            table.opening = None;
            table.liveness.opened(now, patience);
        }
    }

    /// The ping that the connection of `epoch` had under way was answered.
    pub(super) fn heard(&self, epoch: u64, now: Moment) {
        let mut table = self.table();
        if table.epoch == epoch {
            table.liveness.heard(now);
        }
    }

    /// The connection of `epoch` could not be opened: nothing that waits for it was sent.
    pub(super) fn failed_to_open(&self, epoch: u64, fault: &Fault, now: Moment) -> Answers {
        let mut table = self.table();
        if table.epoch != epoch {
            return Answers::new();
        }
        table.next_epoch(now, true);
        table.take_pending(fault)
    }

    /// What the driver of `epoch` sends now.
    pub(super) fn next_round(
        &self,
        context: &Context<'_>,
        epoch: u64,
        now: impl FnOnce() -> Moment,
    ) -> Round {
        let mut table = self.table();
        if table.epoch != epoch || table.closed {
            return Round::Over;
        }
        table.remember(context.waker());
        table.liveness.driver_came();
        if table.pending.is_empty() || table.flying.len() >= self.window {
            let ping = table.liveness.is_due() && table.liveness.asks_when_idle(now());
            return Round::Send { ping, flights: Vec::new() };
        }
        if table.pending.len() < std::mem::take(&mut table.crowd) / 2 {
            return Round::Crowd;
        }
        let flying: usize = table.flying.iter().map(|flight| flight.len()).sum();
        let most = (table.pending.len() + flying).div_ceil(self.window).max(SMALLEST_SHARE);
        let sent = now();
        let calls = match self.node {
            Node::Only => batch::take(&mut table.pending, 1, most),
            Node::At(..) => batch::take_by_slot(&mut table.pending, most.min(PIPELINE)),
        };
        let ping = table.liveness.asks_before_request(sent);
        Round::Send { ping, flights: vec![table.take_off(calls, sent)] }
    }

    /// Takes a finished call out of the table; `false` if it was answered already. `good`: its connection stays in use.
    pub(super) fn land(&self, number: u64, good: bool) -> bool {
        let mut table = self.table();
        let Some(at) = table.flying.iter().position(|flight| flight.number == number) else {
            return false;
        };
        let flight = table.flying.remove(at);
        if good {
            table.failures = 0;
            table.liveness.heard(flight.as_ref().map_or(Moment::default(), |flight| flight.sent));
        }
        table.crowd = flight.map_or(0, |flight| flight.len());
        true
    }

    /// Whether a call behind call number `call` of `flight` has a request of one of its names. Then it can't be sent again
    /// without running behind what it had to run in front of.
    pub(super) fn is_followed(&self, flight: &Flight, call: usize) -> bool {
        let table = self.table();
        let later = table.flying.iter().filter(|other| other.number > flight.number);
        let behind = flight.calls[call + 1..].iter().chain(later.flat_map(|other| &other.calls));
        let names = |of: &Request| flight.calls[call].requests().any(|earlier| earlier.name == of.name);
        behind.flat_map(Batch::requests).any(names)
    }

    /// The connection of `epoch` has ended: what is on its way may or may not have been executed.
    pub(super) fn broke(&self, epoch: u64, fault: &Fault, now: Moment) -> Answers {
        let mut table = self.table();
        if table.epoch != epoch {
            return Answers::new();
        }
        // Once is an accident: try again at once. A connection that died before it answered anything, or answered only that
        // it is of no use, is a failure.
        let died_young = table.failures > 0;
        table.next_epoch(now, died_young);
        table.failures = table.failures.max(1);
        table.hurry = true;
        table.take_flying(fault)
    }

    /// Gives up the connection, or the attempt at one, and makes another at once: the server is not the right one any more.
    /// What is on its way may or may not have been executed.
    pub(super) fn forsake(&self, fault: &Fault, now: Moment) -> Answers {
        let mut table = self.table();
        let answers = table.take_flying(fault);
        table.next_epoch(now, false);
        table.pause_until = now;
        // A lane that never had a connection need not have one now.
        table.hurry = table.claimed || !self.has_fallback;
        let waker = table.take_waker(now);
        drop(table);
        wake(waker);
        answers
    }

    /// Answers what has waited for too long, and gives up a connection, or a runtime, that does not answer.
    pub(super) fn tick(&self, now: Moment) -> Looked {
        let mut table = self.table();
        let mut answers = Answers::new();
        let verdict = table.liveness.look(now);
        let died = verdict == Verdict::Dead;
        if died {
            table.go_again(now);
        }
        let mut left = died;
        let waited = |request: &Request| now.since(request.submitted);
        if table
            .flying
            .iter()
            .flat_map(|flight| flight.requests())
            .any(|request| waited(request) >= REQUEST_LIMIT)
        {
            let fault = fault::transient("the lock server did not answer in time");
            answers = table.take_flying(&fault);
            table.next_epoch(now, false);
            table.hurry = true;
        }
        if table.opening.is_some_and(|since| now.since(since) >= REQUEST_LIMIT) {
            // Its requests are tried with another one. What could go wrong: an attempt that was made for no request hangs, and
            // the first request that comes is answered by its failure at once. It isn't: each has a time of its own, below.
            table.next_epoch(now, true);
            left = true;
        }
        if table.woken.is_some_and(|since| now.since(since) >= REQUEST_LIMIT) {
            // Later requests go elsewhere, so nothing of this lane may stay in front of them.
            let fault = fault::transient("the runtime that owns the connection is blocked");
            answers.append(&mut table.take_flying(&fault));
            answers.append(&mut table.take_pending(&fault));
            table.next_epoch(now, false);
            table.deaf = self.has_fallback;
            table.woken = Some(now);
        }
        let too_old = |errand: &Errand| {
            let limit = if errand.copies_out { TOO_OLD_TO_SEND_AGAIN } else { TOO_OLD_TO_SEND };
            waited(&errand.request) >= limit
        };
        if table.pending.iter().any(too_old) {
            let fault = fault::transient("the lock server did not accept a connection in time");
            let (old, young) = std::mem::take(&mut table.pending).into_iter().partition(too_old);
            table.pending = young;
            answers.extend(unsent(old, &fault));
        }
        // A driver that pauses after a failure has no timer of its own; nor does one whose connection was given up
        // know of it.
        let waker = if table.pending.is_empty() && answers.is_empty() && !left {
            // Not counted as a wake-up that must be followed: a runtime that nobody drives at present is not blocked.
            (verdict == Verdict::Wake).then(|| table.waker.clone()).flatten()
        } else {
            table.take_waker(now)
        };
        drop(table);
        wake(waker);
        Looked { answers, died }
    }

    /// Lets an idle connection be asked whether anybody is there, if it is time or something speaks against it; says when to
    /// look again.
    pub(super) fn keep_alive(&self, now: Moment, suspected: bool) -> Moment {
        let mut table = self.table();
        let asks = table.flying.is_empty() && table.liveness.wants_a_ping(now, suspected);
        let waker = asks.then(|| table.waker.clone()).flatten();
        let opening = table.opening.map_or(Moment::NEVER, |since| since + REQUEST_LIMIT);
        let next = table.liveness.look_again_at(now).min(opening);
        drop(table);
        wake(waker);
        next
    }

    /// Ends the lane. What is on its way is answered as lost; what was never sent is handed back.
    pub(super) fn close(&self, fault: &Fault) -> (Answers, Vec<Errand>) {
        let mut table = self.table();
        table.closed = true;
        let answers = table.take_flying(fault);
        let unsent = std::mem::take(&mut table.pending);
        let waker = table.waker.take();
        drop(table);
        wake(waker);
        (answers, unsent)
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        // Nothing panics while it is locked; if it did, the table would still be whole.
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    fn remember(&mut self, waker: &Waker) {
        self.woken = None;
        match &mut self.waker {
            Some(known) if known.will_wake(waker) => {}
            slot => *slot = Some(waker.clone()),
        }
    }

    fn take_waker(&mut self, now: Moment) -> Option<Waker> {
        self.woken.get_or_insert(now);
        self.waker.take()
    }

    fn take_off(&mut self, calls: Vec<Batch>, sent: Moment) -> Arc<Flight> {
        let flight = Arc::new(Flight { number: self.next_number, calls, sent });
        self.next_number += 1;
        self.flying.push_back(Arc::clone(&flight));
        flight
    }

    fn take_flying(&mut self, fault: &Fault) -> Answers {
        let flights = std::mem::take(&mut self.flying);
        let requests = flights.iter().flat_map(|flight| flight.requests());
        requests.map(|request| (request.seq, Answer::Lost(fault.clone()))).collect()
    }

    /// The connection has died in silence. What was on its way goes again on the next one, with its ids, in the order in which
    /// it left, and in front of what has not left yet. Its time goes on: within the request limit of its submission it is
    /// answered, or lost.
    ///
    /// What could go wrong, since the first copies may run yet, before or after the second ones:
    /// - *Both are answered.* They aren't: the old connection's epoch is over, and what it brings is not read.
    /// - *A lease is counted for longer than it was given.* It isn't: `sent` is the second copy's, and the reply that is
    ///   believed states what was left when that copy ran, whichever copy took the lock (PROTOCOL.md, Acquire 1).
    /// - *A first copy runs behind a later request of its name.* It does no harm: by id, a renewal or refresh never enqueues,
    ///   never revives and never shortens, a release knows its id alone. An acquire could take the lock after its own
    ///   release: the answer is marked (`copies_out`), and the id is forgotten until the server's clock is past its not-after.
    /// - *A release is answered "nothing there" by its own echo.* That is taken for freed.
    fn go_again(&mut self, now: Moment) {
        let flights = std::mem::take(&mut self.flying);
        let calls = flights.iter().flat_map(|flight| &flight.calls);
        let mut again: Vec<Errand> = calls.flat_map(|call| call.errands.iter().cloned()).collect();
        for errand in &mut again {
            errand.copies_out = true;
        }
        again.append(&mut self.pending);
        self.pending = again;
        self.next_epoch(now, false);
        self.hurry = true;
    }

    fn take_pending(&mut self, fault: &Fault) -> Answers {
        unsent(std::mem::take(&mut self.pending), fault)
    }

    /// Ends the present connection, or the attempt at one.
    fn next_epoch(&mut self, now: Moment, failed: bool) {
        self.epoch += 1;
        self.opening = None;
        self.liveness.closed();
        if failed {
            self.failures = self.failures.saturating_add(1);
            self.pause_until = now + pause(self.failures);
        }
    }
}

/// The answers to requests that are not sent; one that was sent before, on a connection that died, may have been executed.
pub(super) fn unsent(errands: Vec<Errand>, fault: &Fault) -> Answers {
    errands.iter().map(|errand| errand.answered(Answer::Unsent(fault.clone()))).collect()
}

/// How long to wait after so many failures: doubling, bounded, and half of it random, so that the processes of a fleet
/// do not come back in step.
fn pause(failures: u32) -> Duration {
    let longest = FIRST_PAUSE.saturating_mul(1 << failures.min(6)).min(LONGEST_PAUSE);
    let random = (RandomState::new().hash_one(failures) % 1024) as u32;
    longest / 2 + longest / 2 * random / 1024
}

fn wake(waker: Option<Waker>) {
    if let Some(waker) = waker {
        waker.wake();
    }
}
