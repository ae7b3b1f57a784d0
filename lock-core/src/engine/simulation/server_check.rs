//! What is checked of the server's books: order, orphans, locks that nobody uses.

use std::collections::BTreeSet;

use super::check::{AUDIT, SLACK, client_of};
use super::verdict::Violation;
use super::world::World;
use crate::backend::memory::{Owner, Published};
use crate::backend::{HoldId, Mode, Operation, Reply, Request};
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
        let mut holders = self.server.holders(name);
        holders.sort_by_key(|holder| holder.fence);
        for holder in &holders {
            let longest = self.checker.longest_ms.entry(holder.fence).or_default();
            *longest = holder.deadline_ms.max(*longest);
        }
        let now_known: BTreeSet<_> = holders.iter().map(|holder| holder.fence).collect();
        let were_known = if now_known.is_empty() {
            self.checker.known.remove(name)
        } else {
            self.checker.known.insert(name.clone(), now_known)
        };
        holders.retain(|holder| were_known.as_ref().is_none_or(|known| !known.contains(&holder.fence)));
        for holder in holders {
            let highest = self.checker.highest_fence.get(name).copied().unwrap_or(0);
            if holder.fence <= highest {
                self.violated(
                    Violation::TokenOrder,
                    format!("{name}: fence {} after {highest}", holder.fence),
                );
            }
            self.checker.highest_fence.insert(name.clone(), holder.fence.max(highest));
            self.checker.life_of.insert(holder.fence, self.server.life());
            let given = holder.deadline_ms - self.server.now_ms();
            self.checker.given_ms.insert(holder.fence, given);
            // Who goes on as a reader passes nobody: nobody else could have had the lock.
            let goes_on = matches!(&request.operation, Operation::Acquire(wish) if wish.replaces.is_some());
            if !(goes_on && holder.id == request.id) {
                self.check_overtaken(request, &holder.id, holder.fence);
            }
        }
        self.check_orphans(name);
        self.check_backed(name);
    }

    /// Nobody who is alive and came earlier waits behind the new owner. Only where each place in the queue is of one
    /// task.
    fn check_overtaken(&mut self, request: &Request, owner: &HoldId, fence: u64) {
        let name = &request.name;
        let all_strict = self.setup.habits.fair + self.setup.habits.read == 1000;
        if self.setup.tasks.1 > 1 && !all_strict {
            return;
        }
        // By id: a late copy may bring back an id that its engine has given up, beside the one that took its place.
        let mine = self.checker.placed.remove(&owner.number()).unwrap_or(u64::MAX);
        let owner = owner.record();
        // Once granted, the place is used up.
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

    /// Whoever is handed the lock can be told of it, unless it may not be passed.
    pub(super) fn check_told(&mut self, name: &LockName, grant: &Published) {
        if !grant.strict && !self.server.subscribed.contains(grant.channel.as_str()) {
            let what = format!("{name} was handed to {}, which hears nothing", grant.id.record());
            self.violated(Violation::ToNobody, what);
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
            let mut holders = record.owner.iter().chain(record.readers.all());
            let held = holders.any(|holder| now_ms < holder.deadline_ms);
            let only_read = held && record.owner.is_none();
            let reader_first = record.queue.head(0).is_some_and(|head| head.entry.mode == Mode::Shared);
            let free = !held || only_read && reader_first;
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
        let holders = record.owner.iter().chain(record.readers.all());
        let living = holders.filter(|holder| now_ms < holder.deadline_ms);
        let mut ids: Vec<_> = living.map(|holder| holder.id.clone()).collect();
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
        let now_ms = self.server.now_ms();
        let mut unclaimed = self.server.holders(name);
        unclaimed
            .retain(|holder| now_ms < holder.deadline_ms && !self.server.claimed.contains(&holder.fence));
        if unclaimed.is_empty() {
            self.checker.unclaimed.remove(name);
            return;
        }
        let since = self.checker.unclaimed.entry(name.clone()).or_default();
        since.retain(|fence, _| unclaimed.iter().any(|holder| holder.fence == *fence));
        for holder in unclaimed {
            self.check_unclaimed_holder(name, &holder);
        }
    }

    fn check_unclaimed_holder(&mut self, name: &LockName, holder: &Owner) {
        let (record, now) = (holder.id.record(), self.now());
        let since = self.checker.unclaimed.entry(name.clone()).or_default();
        let since = *since.entry(holder.fence).or_insert(now);
        let for_long = now - since;
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
