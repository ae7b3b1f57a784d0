//! The tasks of a client: they think, wait, hold and release, and are cancelled at any moment.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use super::extensions::Extension;
use super::setup::Habits;
use super::time::Micros;
use super::world::{Event, World};
use crate::backend::{Fault, Mode, Via};
use crate::engine::handle::Hold;
use crate::engine::hold_cell::Lost;
use crate::engine::undo::Released;
use crate::engine::wait::Waiting;
use crate::engine::waiter::{Claim, Want};
use crate::error::LockError;
use crate::holder::Caller;
use crate::name::LockName;

#[derive(Default)]
pub(super) struct Task {
    /// Numbers what it does, so that a planned event for an earlier deed is told from one for the present.
    pub(super) deed: u64,
    pub(super) state: State,
    pub(super) extensions: Vec<Extension>,
}

#[derive(Default)]
pub(super) enum State {
    #[default]
    Thinking,
    Waiting(Wait),
    Holding {
        name: LockName,
        lost: Pin<Box<Lost>>,
        mode: Mode,
        hold: Hold,
    },
    Releasing(Release),
}

pub(super) type Release = Pin<Box<dyn Future<Output = Result<Released, Fault>> + Send>>;

pub(super) struct Wait {
    pub(super) name: LockName,
    pub(super) future: Pin<Box<Waiting>>,
    pub(super) since: Micros,
    pub(super) expire: Duration,
    pub(super) mode: Mode,
    /// The token of the hold whose place it takes, and that hold, until it has.
    pub(super) replaces: Option<u64>,
    pub(super) old: Option<Hold>,
    /// Nothing may go wrong with it: all is calm.
    pub(super) probe: bool,
}

impl World {
    /// The next thing that a task does by itself: begin to wait, or end its body.
    pub(super) fn act(&mut self, client: usize, task: usize, deed: u64) {
        if self.clients[client].tasks[task].deed != deed {
            return;
        }
        match std::mem::take(&mut self.clients[client].tasks[task].state) {
            State::Thinking if self.calm => {}
            State::Thinking => {
                let habits = self.setup.habits.clone();
                let name = self.names[self.random.between(0, self.setup.names - 1) as usize].clone();
                let wait = if self.random.per_mille(habits.try_once) {
                    Duration::ZERO
                } else {
                    self.random.pick(habits.waits)
                };
                let expire = self.random.pick(habits.leases);
                let renew = !self.random.per_mille(habits.not_renewed);
                self.begin_wait(client, task, name, wait, expire, renew, false);
                if self.random.per_mille(habits.cancel) {
                    let until = 2 * wait.as_micros() as u64 / 3 + 2000;
                    let soon = if self.random.per_mille(500) { 3000 } else { until };
                    let at = self.now() + self.random.between(0, soon);
                    let deed = self.clients[client].tasks[task].deed;
                    self.plan(at, Event::Cancel { client, task, deed });
                }
            }
            State::Holding { name, hold, mode, .. } => {
                if mode == Mode::Exclusive && self.random.chance(self.setup.habits.downgrade) {
                    self.downgrade(client, task, name, hold);
                } else {
                    self.end_body(client, task, &name, hold);
                }
            }
            other => self.clients[client].tasks[task].state = other,
        }
        self.look_after(client);
    }

    #[allow(clippy::too_many_arguments, reason = "what a wait is made of")]
    pub(super) fn begin_wait(
        &mut self,
        client: usize,
        task: usize,
        name: LockName,
        wait: Duration,
        expire: Duration,
        renew: bool,
        probe: bool,
    ) {
        let claim = self.claim();
        self.begin_wait_as(client, task, (claim, None), name, wait, expire, renew, probe);
    }

    #[allow(clippy::too_many_arguments, reason = "what a wait is made of")]
    fn begin_wait_as(
        &mut self,
        client: usize,
        task: usize,
        (claim, old): (Claim, Option<Hold>),
        name: LockName,
        wait: Duration,
        expire: Duration,
        renew: bool,
        probe: bool,
    ) {
        let deed = self.next_deed(client, task);
        let via = if self.random.per_mille(200) { Via::Engine } else { Via::Caller };
        let mode = claim.mode;
        let want = Want {
            claim,
            name: name.clone(),
            record: format!("c{client} t{task} d{deed}"),
            caller: Caller::here(),
            wait,
            expire,
            renew,
            max_hold: None,
            via,
        };
        let since = self.now();
        self.trace(|| {
            format!("c{client} t{task} d{deed} waits {wait:?} for {name}, lease {expire:?}, renew {renew}")
        });
        let future = Box::pin(self.clients[client].engine.acquire(want));
        let replaces = old.as_ref().map(|old| old.cell().token);
        let state = State::Waiting(Wait { name, future, since, expire, mode, replaces, old, probe });
        self.clients[client].tasks[task].state = state;
        // A first attempt may take the request limit; clocks differ, threads are late.
        let limit =
            if self.setup.weather.has_faults() { wait.max(crate::backend::REQUEST_LIMIT) } else { wait };
        let at = since + (limit + limit / 100).as_micros() as u64 + super::check::SLACK;
        self.plan(at, Event::Deadline { client, task, deed });
        self.poll(client, task);
    }

    fn claim(&mut self) -> Claim {
        let Habits { fair, read, .. } = self.setup.habits;
        if fair + read == 0 {
            return Claim::REENTRANT;
        }
        match self.random.between(0, 999) {
            kind if kind < fair => Claim::FAIR,
            kind if kind < fair + read => Claim::READ,
            _ => Claim::REENTRANT,
        }
    }

    /// Drops the wait, wherever it is.
    pub(super) fn cancel(&mut self, client: usize, task: usize, deed: u64) {
        if self.clients[client].tasks[task].deed != deed {
            return;
        }
        if let State::Waiting(wait) = &self.clients[client].tasks[task].state {
            let (name, since) = (wait.name.clone(), wait.since);
            self.trace(|| format!("c{client} t{task} cancels {name}"));
            self.checker.used(&name, client, task, since, self.time.now());
            self.verdict.cancelled += 1;
            self.clients[client].tasks[task].state = State::Thinking;
            self.think(client, task);
        }
        self.look_after(client);
    }

    pub(super) fn poll(&mut self, client: usize, task: usize) {
        self.trace(|| format!("c{client} t{task} polled"));
        self.poll_extensions(client, task);
        let waker = self.clients[client].waker(task);
        let mut context = Context::from_waker(&waker);
        match &mut self.clients[client].tasks[task].state {
            State::Thinking => {}
            State::Waiting(wait) => {
                if let Poll::Ready(outcome) = wait.future.as_mut().poll(&mut context) {
                    self.end_wait(client, task, outcome);
                }
            }
            State::Holding { lost, name, .. } => {
                if lost.as_mut().poll(&mut context).is_ready() {
                    let name = name.clone();
                    self.trace(|| format!("c{client} t{task} sees {name} lost"));
                    self.verdict.losses += 1;
                    self.checker.ended(&name, client, task, self.time.now());
                    if let State::Holding { hold, .. } =
                        std::mem::take(&mut self.clients[client].tasks[task].state)
                    {
                        drop(hold);
                    }
                    self.think(client, task);
                }
            }
            State::Releasing(release) => {
                if release.as_mut().poll(&mut context).is_ready() {
                    self.clients[client].tasks[task].state = State::Thinking;
                    self.think(client, task);
                }
            }
        }
        self.look_after(client);
    }

    fn end_wait(&mut self, client: usize, task: usize, outcome: Result<Hold, LockError>) {
        let State::Waiting(mut wait) = std::mem::take(&mut self.clients[client].tasks[task].state) else {
            return;
        };
        let now = self.now();
        drop(wait.old.take());
        match outcome {
            Ok(hold) => {
                let cell = Arc::clone(hold.cell());
                self.trace(|| {
                    let left = cell.valid_until().since(cell.now());
                    format!("c{client} t{task} HOLDS {} token {} for {left:?}", wait.name, cell.token >> 11)
                });
                self.begin_hold(client, task, &wait, cell);
                let lost = Box::pin(hold.cell().lost());
                self.next_deed(client, task);
                self.clients[client].tasks[task].state =
                    State::Holding { name: wait.name, lost, mode: wait.mode, hold };
                let longest = if wait.probe { 5000 } else { self.setup.habits.hold.as_micros() as u64 };
                let shortest = self.random.between(0, longest);
                let body = if self.random.per_mille(300) { 0 } else { shortest };
                let deed = self.clients[client].tasks[task].deed;
                self.plan(now + body, Event::Act { client, task, deed });
                self.plan_extensions(client, task, body);
                self.poll(client, task);
            }
            Err(error) => {
                self.trace(|| format!("c{client} t{task} {error}"));
                self.judge_refusal(client, task, &wait, &error);
                self.checker.used(&wait.name, client, task, wait.since, now);
                self.next_deed(client, task);
                self.think(client, task);
            }
        }
    }

    /// Goes on as a reader.
    fn downgrade(&mut self, client: usize, task: usize, name: LockName, hold: Hold) {
        let Some(frozen) = self.clients[client].engine.freeze(hold.cell()) else {
            return self.end_body(client, task, &name, hold);
        };
        self.trace(|| format!("c{client} t{task} goes on reading {name}"));
        self.checker.ended(&name, client, task, self.time.now());
        let claim = Claim { replaces: Some(frozen.id), ..Claim::READ };
        let (wait, expire) = (Duration::ZERO, self.random.pick(self.setup.habits.leases));
        self.begin_wait_as(client, task, (claim, Some(hold)), name, wait, expire, true, false);
    }

    fn end_body(&mut self, client: usize, task: usize, name: &LockName, hold: Hold) {
        let now = self.now();
        self.checker.ended(name, client, task, now);
        let dropped = self.random.per_mille(self.setup.habits.drop_guard);
        self.trace(|| format!("c{client} t{task} frees {name}, dropped {dropped}"));
        self.next_deed(client, task);
        if dropped {
            drop(hold);
            self.think(client, task);
        } else {
            let release: Release = Box::pin(hold.release());
            self.clients[client].tasks[task].state = State::Releasing(release);
            self.poll(client, task);
        }
    }

    pub(super) fn think(&mut self, client: usize, task: usize) {
        let longest = self.setup.habits.think.as_micros() as u64;
        // Half of them come back at once: the lock is hot.
        let pause = if self.random.per_mille(500) { 0 } else { self.random.between(0, longest) };
        let deed = self.next_deed(client, task);
        self.plan(self.now() + pause, Event::Act { client, task, deed });
    }

    fn next_deed(&mut self, client: usize, task: usize) -> u64 {
        let task = &mut self.clients[client].tasks[task];
        task.deed += 1;
        task.deed
    }
}
