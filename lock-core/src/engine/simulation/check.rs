//! What is checked, from outside: against virtual time and the server's state, never by asking an engine what it thinks.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::tasks::Wait;
use super::time::Micros;
use super::verdict::Violation;
use super::world::World;
use crate::backend::{HoldId, Mode};
use crate::clock::Moment;
use crate::engine::hold_cell::HoldCell;
use crate::engine::rules::{CLAIM_DELAY, MESSAGE_LIMIT, SHORT_LEASE};
use crate::name::LockName;

/// By how much an engine's look, or a task's poll, may be late while nothing is paused or blocked, in µs.
pub(super) const SLACK: Micros = 300_000;

/// How often everything is looked at, in µs.
pub(super) const AUDIT: Micros = 50_000;
/// How long a message takes at most while all is calm, in µs.
pub(super) const UNDER_WAY: Micros = 2_000;

/// A hold as seen from outside.
struct Seen {
    client: usize,
    task: usize,
    cell: Arc<HoldCell>,
    mode: Mode,
    since: Micros,
    /// It was found past its end: it must not come back.
    over: bool,
}

#[derive(Default)]
pub(super) struct Checker {
    open: BTreeMap<LockName, Vec<Seen>>,
    /// The highest token that was claimed, by name; and the highest by who held the lock alone.
    pub(super) highest_token: BTreeMap<LockName, u64>,
    pub(super) highest_alone: BTreeMap<LockName, u64>,
    /// The highest fence that the server has given, by name.
    pub(super) highest_fence: BTreeMap<LockName, u64>,
    /// The holders that the server has, by name, as fences.
    pub(super) known: BTreeMap<LockName, BTreeSet<u64>>,
    /// In which of the server's lives a fence was given.
    pub(super) life_of: BTreeMap<u64, u64>,
    /// How long a lease was when it was given, in ms.
    pub(super) given_ms: BTreeMap<u64, u64>,
    /// The latest deadline that an owner had, by its fence, in ms of the server's clock.
    pub(super) longest_ms: BTreeMap<u64, u64>,
    /// When a task last waited for a name or held it.
    pub(super) last_use: BTreeMap<(LockName, usize, usize), (Micros, Micros)>,
    /// The first ticket that a wait was told of, by the record that all its ids bear.
    pub(super) first_ticket: BTreeMap<String, u64>,
    /// The ticket under which the server has an id in the queue.
    pub(super) placed: BTreeMap<u128, u64>,
    /// The ticket that its engine last heard of.
    pub(super) heard: BTreeMap<u128, u64>,
    /// The last fence that was given for it: tickets below are used up.
    pub(super) used_up: BTreeMap<String, u64>,
    /// Since when the server has these unclaimed holders, by name and fence.
    pub(super) unclaimed: BTreeMap<LockName, BTreeMap<u64, Micros>>,
    /// Since when a name is free although somebody waits.
    pub(super) idle_since: BTreeMap<LockName, Micros>,
}

impl Checker {
    /// The holder has released it, or has seen that it is lost.
    pub(super) fn ended(&mut self, name: &LockName, client: usize, task: usize, now: Micros) {
        let open = self.open.entry(name.clone()).or_default();
        if let Some(at) = open.iter().position(|seen| (seen.client, seen.task) == (client, task)) {
            let seen = open.swap_remove(at);
            self.used(name, client, task, seen.since, now);
        }
    }

    /// How many hold a lock, or have not seen yet that it is lost.
    pub(super) fn count_open(&self) -> u64 {
        self.open.values().map(|open| open.len() as u64).sum()
    }

    /// Whether somebody holds it, or something that is noted of it may have to be forgotten.
    pub(super) fn concerns(&self, name: &LockName) -> bool {
        self.open.get(name).is_some_and(|open| !open.is_empty())
            || self.unclaimed.contains_key(name)
            || self.idle_since.contains_key(name)
    }

    /// A client has heard of the ticket of a wait; it takes notice unless it has given that id up.
    pub(super) fn told(&mut self, id: &HoldId, ticket: u64, given_up: bool) {
        self.heard.insert(id.number(), ticket);
        let record = id.record();
        if given_up {
            return;
        }
        if self.used_up.get(record).is_none_or(|&fence| ticket > fence) {
            self.first_ticket.entry(record.to_owned()).or_insert(ticket);
        }
    }

    /// The process is gone, and with it its holds.
    pub(super) fn died(&mut self, client: usize) {
        for open in self.open.values_mut() {
            open.retain(|seen| seen.client != client);
        }
    }

    pub(super) fn used(&mut self, name: &LockName, client: usize, task: usize, from: Micros, to: Micros) {
        let last = self.last_use.entry((name.clone(), client, task)).or_insert((from, to));
        // A hold follows its wait: one use.
        *last = if from <= last.1 { (last.0.min(from), to) } else { (from, to) };
    }

    /// Whether anybody but that task has used the name since `from`.
    pub(super) fn others_since(&self, name: &LockName, (client, task): (usize, usize), from: Micros) -> bool {
        self.open.get(name).is_some_and(|open| !open.is_empty())
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
        if let Some(unclaimed) = self.checker.unclaimed.get_mut(&name) {
            unclaimed.remove(&(token >> 11));
        }
        let life = self.checker.life_of.get(&(token >> 11)).copied();
        let mut found = Vec::new();
        for seen in self.checker.open.entry(name.clone()).or_default() {
            let was_over = seen.over;
            if seen.mode == Mode::Shared && wait.mode == Mode::Shared {
                continue;
            }
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
        // Readers who were let in together may come for their grants in any order.
        let earlier = match wait.mode {
            Mode::Exclusive => &self.checker.highest_token,
            Mode::Shared => &self.checker.highest_alone,
        };
        let earlier = earlier.get(&name).copied().unwrap_or(0);
        if token <= earlier && life == Some(self.server.life()) {
            let what = format!("c{client} t{task} has token {token} after {earlier}");
            self.violated(Violation::TokenOrder, what);
        }
        let alone = self.checker.highest_alone.get(&name).copied().unwrap_or(0);
        // One of another life got it when the server had lost its data.
        let same_life = self.checker.life_of.get(&(alone >> 11)).copied() == life;
        if wait.replaces.is_some_and(|old| old < alone) && same_life {
            let what = format!("c{client} t{task} goes on reading, and another held it alone in between");
            self.violated(Violation::Overlap, what);
        }
        let highest = self.checker.highest_token.entry(name.clone()).or_default();
        *highest = token.max(*highest);
        if wait.mode == Mode::Exclusive {
            let highest = self.checker.highest_alone.entry(name.clone()).or_default();
            *highest = token.max(*highest);
        }
        // Drift and rounding are taken off; a lease passed on locally has run for some time.
        let half = self.checker.given_ms.get(&(token >> 11)).copied().unwrap_or(0);
        let half = half.min(wait.expire.min(SHORT_LEASE).as_millis() as u64) / 2;
        let left = cell.valid_until().since(cell.now()).as_millis() as u64;
        // What rests on a message counts for less until the server has confirmed it, and is as old as that at most.
        let by_message = (MESSAGE_LIMIT - CLAIM_DELAY).as_millis() as u64;
        if left < (half - half / 10).min(by_message) && cell.token & 2047 == 0 {
            self.violated(Violation::LateStart, format!("c{client} t{task}: {left} ms left, half is {half}"));
        }
        self.checker.open.entry(name.clone()).or_default().push(Seen {
            client,
            task,
            cell,
            mode: wait.mode,
            since: now,
            over: false,
        });
        self.check_backed(&name);
    }

    /// Every definite hold is in the server's books, for at least as long.
    pub(super) fn check_backed(&mut self, name: &LockName) {
        let mut found = None;
        let holders = self.server.holders(name);
        for seen in self.checker.open.get_mut(name).into_iter().flatten() {
            let clock = &self.clients[seen.client].clock;
            if !is_definite(seen, self.clients[seen.client].now()) {
                continue;
            }
            let until = clock.when(seen.cell.valid_until());
            let of = seen.cell.token >> 11;
            if self.checker.life_of.get(&of) != Some(&self.server.life()) {
                continue;
            }
            let backed = holders.iter().find(|holder| holder.fence == of);
            let backed_until = backed.map_or(0, |holder| self.server.when_ms(holder.deadline_ms));
            if backed_until < until {
                let fences: Vec<_> = holders.iter().map(|holder| holder.fence).collect();
                found = Some(format!(
                    "c{} t{} believes in {of} until {until} µs, the server until {backed_until} µs, in {fences:?}",
                    seen.client, seen.task
                ));
            }
        }
        if let Some(what) = found {
            self.violated(Violation::Unbacked, what);
        }
    }

    pub(super) fn violated(&mut self, violation: Violation, what: String) {
        self.trace(|| format!("!! {violation:?} {what}"));
        let (seed, now) = (self.seed, self.now());
        self.verdict.note(violation, || format!("seed {seed} at {} ms: {what}", now / 1000));
    }
}

/// Which client a record is of.
pub(super) fn client_of(record: &str) -> Option<usize> {
    record.strip_prefix('c')?.split(' ').next()?.parse().ok()
}
