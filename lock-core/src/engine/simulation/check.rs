//! What is checked, from outside: against virtual time and the server's state, never by asking an engine what it thinks.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::tasks::{State, Wait};
use super::time::Micros;
use super::verdict::Violation;
use super::world::World;
use crate::backend::{HoldId, Operation, Reply, Request};
use crate::clock::Moment;
use crate::engine::hold_cell::HoldCell;
use crate::engine::rules::SHORT_LEASE;
use crate::error::LockError;
use crate::name::LockName;

/// By how much an engine's look, or a task's poll, may be late while nothing is paused or blocked, in µs.
pub(super) const SLACK: Micros = 300_000;

/// How often everything is looked at, in µs.
pub(super) const AUDIT: Micros = 50_000;
/// How long a message takes at most while all is calm, in µs.
const UNDER_WAY: Micros = 2_000;

/// A hold as seen from outside.
struct Seen {
    client: usize,
    task: usize,
    name: LockName,
    cell: Arc<HoldCell>,
    since: Micros,
    /// It was found past its end: it must not come back.
    over: bool,
}

#[derive(Default)]
pub(super) struct Checker {
    open: Vec<Seen>,
    /// The highest token that was claimed, by name.
    highest_token: BTreeMap<LockName, u64>,
    /// The highest fence that the server has given, by name.
    pub(super) highest_fence: BTreeMap<LockName, u64>,
    /// In which of the server's lives a fence was given.
    pub(super) life_of: BTreeMap<u64, u64>,
    /// How long a lease was when it was given, in ms.
    given_ms: BTreeMap<u64, u64>,
    /// When a task last waited for a name or held it.
    last_use: BTreeMap<(LockName, usize, usize), (Micros, Micros)>,
    /// The first ticket that a wait was told of, by the record that all its ids bear.
    first_ticket: BTreeMap<String, u64>,
    /// The ticket under which the server has it in the queue.
    placed: BTreeMap<String, u64>,
    /// The last fence that was given for it: tickets below are used up.
    used_up: BTreeMap<String, u64>,
    /// Since when the server has this unclaimed owner, by name.
    pub(super) unclaimed: BTreeMap<LockName, (u64, Micros)>,
    /// Since when a name is free although somebody waits.
    idle_since: BTreeMap<LockName, Micros>,
}

impl Checker {
    /// The holder has released it, or has seen that it is lost.
    pub(super) fn ended(&mut self, client: usize, task: usize, now: Micros) {
        if let Some(at) = self
            .open
            .iter()
            .position(|seen| (seen.client, seen.task) == (client, task))
        {
            let seen = self.open.swap_remove(at);
            self.used(&seen.name, client, task, seen.since, now);
        }
    }

    /// A client has heard of the ticket of a wait.
    pub(super) fn told(&mut self, record: &str, ticket: u64) {
        if self.used_up.get(record).is_none_or(|&fence| ticket > fence) {
            self.first_ticket.entry(record.to_owned()).or_insert(ticket);
        }
    }

    /// The process is gone, and with it its holds.
    pub(super) fn died(&mut self, client: usize) {
        self.open.retain(|seen| seen.client != client);
    }

    pub(super) fn used(&mut self, name: &LockName, client: usize, task: usize, from: Micros, to: Micros) {
        let last = self
            .last_use
            .entry((name.clone(), client, task))
            .or_insert((from, to));
        // A hold follows its wait: one use.
        *last = if from <= last.1 {
            (last.0.min(from), to)
        } else {
            (from, to)
        };
    }

    /// Whether anybody but that task has used the name since `from`.
    fn others_since(&self, name: &LockName, (client, task): (usize, usize), from: Micros) -> bool {
        self.open.iter().any(|seen| seen.name == *name)
            || self.last_use.iter().any(|((of, c, t), (_, to))| {
                // Another process has the lock until its release has arrived.
                let under_way = if *c == client { 0 } else { UNDER_WAY };
                of == name && (*c, *t) != (client, task) && *to + under_way >= from
            })
    }
}

/// Whether the hold is definite now. Only reads: asking a cell whose lease is over would make it lost.
fn is_definite(seen: &mut Seen, now: Moment) -> bool {
    if seen.cell.valid_until() <= now {
        seen.over = true;
        return false;
    }
    seen.cell.is_held()
}

impl World {
    /// A claim has returned.
    pub(super) fn begin_hold(&mut self, client: usize, task: usize, wait: &Wait, cell: Arc<HoldCell>) {
        self.verdict.holds += 1;
        let (name, now, token) = (wait.name.clone(), self.now(), cell.token);
        self.checker.used(&name, client, task, wait.since, now);
        self.server.claimed.insert(token >> 11);
        self.checker.unclaimed.remove(&name);
        let life = self.checker.life_of.get(&(token >> 11)).copied();
        let mut found = Vec::new();
        for seen in self.checker.open.iter_mut().filter(|seen| seen.name == name) {
            let was_over = seen.over;
            if !is_definite(seen, self.clients[seen.client].now()) {
                continue;
            }
            // A server that lost its data gives the lock to a second client for up to one lease: promised no better.
            let excused = self.checker.life_of.get(&(seen.cell.token >> 11)).copied() != life;
            if !excused || was_over {
                found.push(format!(
                    "c{client} t{task} got token {} while c{} t{} has {} since {} ms (came back: {was_over})",
                    token >> 11,
                    seen.client,
                    seen.task,
                    seen.cell.token >> 11,
                    seen.since / 1000
                ));
            }
        }
        for what in found {
            self.violated(Violation::Overlap, what);
        }
        let highest = self.checker.highest_token.entry(name.clone()).or_default();
        if token <= *highest && life == Some(self.server.life()) {
            let what = format!("c{client} t{task} has token {token} after {highest}");
            self.violated(Violation::TokenOrder, what);
        } else {
            *highest = (*highest).max(token);
        }
        // Drift and rounding are taken off; a lease passed on locally has run for some time.
        let half = self.checker.given_ms.get(&(token >> 11)).copied().unwrap_or(0);
        let half = half.min(wait.expire.min(SHORT_LEASE).as_millis() as u64) / 2;
        let left = cell.valid_until().since(cell.now()).as_millis() as u64;
        if left < half - half / 10 && cell.token & 2047 == 0 {
            self.violated(
                Violation::LateStart,
                format!("c{client} t{task}: {left} ms left, half is {half}"),
            );
        }
        self.checker.open.push(Seen {
            client,
            task,
            name: name.clone(),
            cell,
            since: now,
            over: false,
        });
        self.check_backed(&name);
    }

    /// Every definite hold is in the server's books, for at least as long.
    pub(super) fn check_backed(&mut self, name: &LockName) {
        let mut found = None;
        let owner = self
            .server
            .records
            .get(name)
            .and_then(|record| record.owner.as_ref());
        let backed_until = owner.map_or(0, |owner| self.server.when_ms(owner.deadline_ms));
        let fence = owner.map_or(0, |owner| owner.fence);
        for seen in self.checker.open.iter_mut().filter(|seen| seen.name == *name) {
            let clock = &self.clients[seen.client].clock;
            if !is_definite(seen, self.clients[seen.client].now()) {
                continue;
            }
            let until = clock.when(seen.cell.valid_until());
            let of = seen.cell.token >> 11;
            if self.checker.life_of.get(&of) != Some(&self.server.life()) {
                continue;
            }
            if of != fence || backed_until < until {
                found = Some(format!(
                    "c{} t{} believes in {of} until {until} µs, the server in {fence} until {backed_until} µs",
                    seen.client, seen.task
                ));
            }
        }
        if let Some(what) = found {
            self.violated(Violation::Unbacked, what);
        }
    }

    /// The server has executed something.
    pub(super) fn look_at_server(&mut self, request: &Request, reply: &Reply) {
        let name = &request.name;
        if let Reply::Queued { ticket, .. } = reply {
            self.checker
                .placed
                .insert(request.id.record().to_owned(), *ticket);
        }
        let refreshed = matches!(request.operation, Operation::Refresh { .. });
        self.verdict.gone += u64::from(refreshed && *reply == Reply::Gone);
        let owner = self
            .server
            .records
            .get(name)
            .and_then(|record| record.owner.clone());
        let highest = self.checker.highest_fence.get(name).copied().unwrap_or(0);
        if let Some(owner) =
            owner.filter(|owner| !self.checker.life_of.contains_key(&owner.fence) || owner.fence != highest)
        {
            if owner.fence <= highest {
                self.violated(
                    Violation::TokenOrder,
                    format!("{name}: fence {} after {highest}", owner.fence),
                );
            }
            self.checker
                .highest_fence
                .insert(name.clone(), owner.fence.max(highest));
            self.checker.life_of.insert(owner.fence, self.server.life());
            let given = owner.deadline_ms - self.server.now_ms();
            self.checker.given_ms.insert(owner.fence, given);
            self.check_overtaken(request, owner.id.record());
        }
        self.check_orphans(name);
        self.check_backed(name);
    }

    /// Nobody who is alive and came earlier waits behind the new owner. Only where each client has one task: else its
    /// place in the queue is that of several.
    fn check_overtaken(&mut self, request: &Request, owner: &str) {
        let name = &request.name;
        if self.setup.tasks.1 > 1 {
            return;
        }
        let mine = self.checker.placed.remove(owner).unwrap_or(u64::MAX);
        // Once granted, the place is used up.
        let fence = self.checker.highest_fence[name];
        self.checker.used_up.insert(owner.to_owned(), fence);
        self.checker.first_ticket.remove(owner);
        let (record, now_ms) = (&self.server.records[name], self.server.now_ms());
        let mut found = None;
        for place in 0.. {
            let Some(waiter) = record.queue.head(place) else {
                break;
            };
            let reachable = self.server.subscribed.contains(waiter.entry.channel.as_str());
            let alive = self.still_waits(name, &waiter.id);
            let first = self
                .checker
                .first_ticket
                .get(waiter.id.record())
                .copied()
                .unwrap_or(u64::MAX);
            // Who came with this very request came after the grant.
            let there = waiter.id != request.id || !matches!(request.operation, Operation::Acquire(_));
            if reachable && alive && there && now_ms < waiter.beat_ms && first < mine {
                found = Some(format!(
                    "{name}: {owner} ({mine}) before {} ({first})",
                    waiter.id.record()
                ));
            }
        }
        if let Some(what) = found {
            self.violated(Violation::Overtaken, what);
        }
    }

    /// Whether its engine wants the place: it has not given it up, however long it takes the server to hear of that.
    fn still_waits(&self, name: &LockName, id: &HoldId) -> bool {
        let client = client_of(id.record()).map(|client| &self.clients[client]);
        client.is_some_and(|client| {
            let given_up = client.shared.desk(|desk| desk.undos.contains_key(id));
            client.alive && client.shared.knows(name, id) && !given_up
        })
    }

    /// A lock that is free does not stay so while somebody waits.
    pub(super) fn check_idle(&mut self, name: &LockName) {
        let (now, now_ms) = (self.now(), self.server.now_ms());
        let idle = self.server.records.get(name).is_some_and(|record| {
            let free = record
                .owner
                .as_ref()
                .is_none_or(|owner| now_ms >= owner.deadline_ms);
            let waiters = (0..).map_while(|place| record.queue.head(place));
            let mut wanting = waiters.filter(|waiter| {
                now_ms < waiter.beat_ms && self.server.subscribed.contains(waiter.entry.channel.as_str())
            });
            free && wanting.any(|waiter| self.still_waits(name, &waiter.id))
        });
        if !idle {
            self.checker.idle_since.remove(name);
            return;
        }
        let for_long = now - *self.checker.idle_since.entry(name.clone()).or_insert(now);
        // A refresh by whoever waits settles it; while things go wrong it may take the request limit, twice.
        let short = self.setup.longest_lease().min(SHORT_LEASE).as_micros() as u64;
        let trouble = if self.setup.weather.has_faults() {
            2_500_000
        } else {
            0
        };
        if for_long > short / 3 + SLACK + trouble {
            self.violated(
                Violation::Idle,
                format!("{name} is free and waited for since {for_long} µs"),
            );
            self.checker.idle_since.remove(name);
        }
    }

    /// Everything that the server has of living clients is known to their engines.
    pub(super) fn check_orphans(&mut self, name: &LockName) {
        let Some(record) = self.server.records.get(name) else {
            return;
        };
        let now_ms = self.server.now_ms();
        let owner = record.owner.as_ref().filter(|owner| now_ms < owner.deadline_ms);
        let mut ids: Vec<_> = owner.map(|owner| owner.id.clone()).into_iter().collect();
        for place in 0.. {
            let Some(waiter) = record.queue.head(place) else {
                break;
            };
            if now_ms < waiter.beat_ms {
                ids.push(waiter.id.clone());
            }
        }
        for id in ids {
            let Some(client) = client_of(id.record()) else {
                continue;
            };
            let client = &self.clients[client];
            if client.alive && !client.shared.knows(name, &id) {
                self.violated(
                    Violation::Orphan,
                    format!("{} has {name}, its engine knows nothing", id.record()),
                );
            }
        }
    }

    /// An owner that nobody has claimed goes by itself.
    pub(super) fn check_unclaimed(&mut self, name: &LockName) {
        let record = self.server.records.get(name);
        let owner = record.and_then(|record| record.owner.as_ref());
        let owner = owner.filter(|owner| !self.server.claimed.contains(&owner.fence));
        let Some(owner) = owner.filter(|owner| self.server.now_ms() < owner.deadline_ms) else {
            self.checker.unclaimed.remove(name);
            return;
        };
        let (fence, record, now) = (owner.fence, owner.id.record().to_owned(), self.now());
        let since = self.checker.unclaimed.entry(name.clone()).or_insert((fence, now));
        if since.0 != fence {
            *since = (fence, now);
        }
        let for_long = now - since.1;
        self.verdict.unclaimed_ms += AUDIT / 1000;
        // The short lease, a refresh that found itself owner, a claim that was sent and not taken up.
        let longest = self.setup.longest_lease();
        let limit = (longest.min(SHORT_LEASE) * 2 + longest).as_micros() as u64 + SLACK;
        if for_long > limit && !self.setup.weather.has_faults() {
            self.violated(
                Violation::Unclaimed,
                format!("{record} has {name} unclaimed for {for_long} µs"),
            );
            self.checker.unclaimed.remove(name);
        }
    }

    /// A wait has ended without a hold.
    pub(super) fn judge_refusal(&mut self, client: usize, task: usize, wait: &Wait, error: &LockError) {
        if wait.probe {
            self.violated(Violation::Stuck, format!("c{client} t{task} in calm: {error}"));
        }
        match error {
            LockError::Busy { .. } => {
                self.verdict.busy += 1;
                let others = self.checker.others_since(&wait.name, (client, task), wait.since)
                    || self.someone_waits(&wait.name, (client, task));
                let said = self.clients[client].said_taken.get(&wait.name);
                let said = said.is_some_and(|&at| at >= wait.since);
                if !others && (!said || !self.setup.weather.has_faults()) {
                    self.violated(Violation::FalseBusy, format!("c{client} t{task}: {error}"));
                }
            }
            LockError::Unavailable { .. } => {
                self.verdict.unavailable += 1;
                let blocked = error.to_string().contains("not polled");
                if !self.setup.weather.has_faults() && !blocked {
                    self.violated(Violation::FalseUnavailable, format!("c{client} t{task}: {error}"));
                }
            }
            other => self.violated(
                Violation::FalseBusy,
                format!("c{client} t{task}: unexpected {other}"),
            ),
        }
    }

    fn someone_waits(&self, name: &LockName, but: (usize, usize)) -> bool {
        let all = self.clients.iter().enumerate();
        all.flat_map(|(c, client)| {
            client
                .tasks
                .iter()
                .enumerate()
                .map(move |(t, task)| ((c, t), task))
        })
        .any(|(who, task)| who != but && matches!(&task.state, State::Waiting(wait) if wait.name == *name))
    }

    /// A wait should have ended by now.
    pub(super) fn check_deadline(&mut self, client: usize, task: usize, deed: u64) {
        let of = &self.clients[client];
        let State::Waiting(wait) = &of.tasks[task].state else {
            return;
        };
        // Woken and not polled: the engine has done its part.
        if of.tasks[task].deed != deed || of.polls.contains(&task) {
            return;
        }
        let name = wait.name.clone();
        self.violated(
            Violation::Overdue,
            format!("c{client} t{task} still waits for {name}"),
        );
    }

    pub(super) fn violated(&mut self, violation: Violation, what: String) {
        self.trace(|| format!("!! {violation:?} {what}"));
        let (seed, now) = (self.seed, self.now());
        self.verdict
            .note(violation, || format!("seed {seed} at {} ms: {what}", now / 1000));
    }
}

/// Which client a record is of.
pub(super) fn client_of(record: &str) -> Option<usize> {
    record.strip_prefix('c')?.split(' ').next()?.parse().ok()
}
