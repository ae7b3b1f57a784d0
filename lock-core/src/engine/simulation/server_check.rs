//! What is checked of the server's books: order, orphans, locks that nobody uses.

use super::check::{AUDIT, SLACK, client_of};
use super::verdict::Violation;
use super::world::World;
use crate::backend::{HoldId, Operation, Reply, Request};
use crate::engine::rules::SHORT_LEASE;
use crate::name::LockName;

impl World {
    /// The server has executed something.
    pub(super) fn look_at_server(&mut self, request: &Request, reply: &Reply) {
        let name = &request.name;
        if let Reply::Queued { ticket, .. } = reply {
            self.checker.placed.insert(request.id.number(), *ticket);
        }
        let refreshed = matches!(request.operation, Operation::Refresh { .. });
        self.verdict.gone += u64::from(refreshed && *reply == Reply::Gone);
        let owner = self.server.records.get(name).and_then(|record| record.owner.clone());
        if let Some(owner) = &owner {
            let longest = self.checker.longest_ms.entry(owner.fence).or_default();
            *longest = owner.deadline_ms.max(*longest);
        }
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
            self.checker.highest_fence.insert(name.clone(), owner.fence.max(highest));
            self.checker.life_of.insert(owner.fence, self.server.life());
            let given = owner.deadline_ms - self.server.now_ms();
            self.checker.given_ms.insert(owner.fence, given);
            self.check_overtaken(request, &owner.id);
        }
        self.check_orphans(name);
        self.check_backed(name);
    }

    /// Nobody who is alive and came earlier waits behind the new owner. Only where each client has one task: else its
    /// place in the queue is that of several.
    fn check_overtaken(&mut self, request: &Request, owner: &HoldId) {
        let name = &request.name;
        if self.setup.tasks.1 > 1 {
            return;
        }
        // By id: a late copy may bring back an id that its engine has given up, beside the one that took its place.
        let mine = self.checker.placed.remove(&owner.number()).unwrap_or(u64::MAX);
        let owner = owner.record();
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
            let first = self.checker.first_ticket.get(waiter.id.record()).copied().unwrap_or(u64::MAX);
            // Who came with this very request came after the grant.
            let there = waiter.id != request.id || !matches!(request.operation, Operation::Acquire(_));
            // A place that was dropped, and brought back by a late copy, is the last one until its engine hears of it.
            let number = waiter.id.number();
            let known = self.checker.heard.get(&number) == self.checker.placed.get(&number);
            if reachable && alive && there && known && now_ms < waiter.beat_ms && first < mine {
                found = Some(format!("{name}: {owner} ({mine}) before {} ({first})", waiter.id.record()));
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
            let free = record.owner.as_ref().is_none_or(|owner| now_ms >= owner.deadline_ms);
            let waiters = (0..).map_while(|place| record.queue.head(place));
            let mut wanting = waiters.filter(|waiter| {
                now_ms < waiter.beat_ms && self.server.subscribed.contains(waiter.entry.channel.as_str())
            });
            // A process that is paused, or has just come back, asks nothing.
            let runs = |id: &HoldId| {
                client_of(id.record()).is_some_and(|client| now > self.clients[client].paused_until + SLACK)
            };
            free && wanting.any(|waiter| runs(&waiter.id) && self.still_waits(name, &waiter.id))
        });
        if !idle {
            self.checker.idle_since.remove(name);
            return;
        }
        let for_long = now - *self.checker.idle_since.entry(name.clone()).or_insert(now);
        // A refresh by whoever waits settles it; while things go wrong it may take the request limit, twice.
        let short = self.setup.longest_lease().min(SHORT_LEASE).as_micros() as u64;
        let trouble = if self.setup.weather.has_faults() { 2_500_000 } else { 0 };
        if for_long > short / 3 + SLACK + trouble {
            self.violated(Violation::Idle, format!("{name} is free and waited for since {for_long} µs"));
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
            self.violated(Violation::Unclaimed, format!("{record} has {name} unclaimed for {for_long} µs"));
            self.checker.unclaimed.remove(name);
        }
    }
}
