//! The ways in which a server could break a rule, for the tests that each rule is needed.

use super::server::Server;
use crate::backend::memory::{Record, Step, Waiter, text};
use crate::backend::{Acquire, Channel, Entry, HoldId, Mode, Operation, Place, Reply};

/// A rule of the server that is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mutation {
    None,
    /// A refresh that finds nothing enqueues.
    RefreshEnqueues,
    /// Only a release hands over; a lease that runs out is found by nobody.
    NotSettled,
    /// An acquire takes a free lock past those who wait.
    AcquirePasses,
    /// Leaving takes the id out of the queue, but an owner that nobody has claimed stays.
    LeaveOnly,
    /// A copy of an acquire that comes late is executed.
    NoNotAfter,
    /// Who tries once is enqueued all the same.
    TryEnqueues,
    /// A repeated acquire says the lease that was asked for.
    AskedLease,
    /// Who cannot be told of a grant loses its place.
    SkippedLoses,
    /// Who cannot be told is granted all the same.
    NotSkipped,
    /// An extension may shorten a lease.
    Shortens,
    /// The ticket of an earlier stay counts for nothing.
    NoTicket,
    /// Waiters never count as dead.
    NoHeartbeat,
}

impl Server {
    pub(super) fn mutated(
        &self,
        mut record: Record,
        id: &HoldId,
        operation: &Operation,
        now_us: u64,
    ) -> Step {
        let now_ms = now_us / 1000;
        match (self.mutation, operation) {
            (Mutation::RefreshEnqueues, Operation::Refresh { entry, heartbeat_ms, .. }) => {
                let heartbeat_ms = *heartbeat_ms;
                let done = self.step(record, id, operation, now_us);
                if done.reply != Ok(Reply::Gone) {
                    return done;
                }
                let again = Operation::Acquire(Acquire {
                    mode: Mode::Exclusive,
                    replaces: None,
                    lease_ms: entry.short_ms,
                    not_after_ms: u64::MAX,
                    place: Some(Place { entry: entry.clone(), heartbeat_ms, ticket: None }),
                });
                let mut second = self.step(done.record, id, &again, now_us);
                second.grants.splice(0..0, done.grants);
                second
            }
            (Mutation::NotSettled, Operation::Refresh { .. } | Operation::Acquire(_)) => {
                // Run a moment before the owner's end, it settles nothing.
                let end = record.owner.as_ref().map(|owner| owner.deadline_ms);
                match end.filter(|&end| now_ms >= end && !record.queue.is_empty()) {
                    Some(end) => {
                        let mut done = self.step(record, id, operation, end * 1000 - 1);
                        if let Ok(Reply::Queued { floor, .. }) = &mut done.reply {
                            *floor = now_us.max(*floor);
                            done.record.last = *floor;
                            let (entry, beat) = match operation {
                                Operation::Refresh { entry, heartbeat_ms, .. } => {
                                    (Some(entry), *heartbeat_ms)
                                }
                                Operation::Acquire(Acquire { place: Some(place), .. }) => {
                                    (Some(&place.entry), place.heartbeat_ms)
                                }
                                _ => (None, 0),
                            };
                            let text = entry.map(|entry| text(id, entry)).unwrap_or_default();
                            let ticket = done.record.queue.ticket(&text).unwrap_or(0);
                            done.record.queue.beat(ticket, &text, now_ms + beat);
                        }
                        done
                    }
                    None => self.step(record, id, operation, now_us),
                }
            }
            (Mutation::AcquirePasses, Operation::Acquire(_)) => {
                record.owner.take_if(|owner| now_ms >= owner.deadline_ms);
                if record.owner.is_some() {
                    return self.step(record, id, operation, now_us);
                }
                let queue = std::mem::take(&mut record.queue);
                let mut done = self.step(record, id, operation, now_us);
                done.record.queue = queue;
                done
            }
            (Mutation::LeaveOnly, Operation::Forget { entry: Some(entry) }) => {
                let owner = record.owner.as_ref().filter(|owner| owner.id == *id);
                if owner.is_some_and(|owner| !self.claimed.contains(&owner.fence)) {
                    record.queue.remove(&text(id, entry));
                    let (counter, reply) = (self.counter, Reply::Forgotten { was_owner: false });
                    return Step { record, counter, reply: Ok(reply), grants: Vec::new() };
                }
                self.step(record, id, operation, now_us)
            }
            (Mutation::NoNotAfter, Operation::Acquire(wish)) => {
                let mut wish = wish.clone();
                wish.not_after_ms = u64::MAX;
                self.step(record, id, &Operation::Acquire(wish), now_us)
            }
            (Mutation::TryEnqueues, Operation::Acquire(wish)) if wish.place.is_none() => {
                let mut done = self.step(record, id, operation, now_us);
                if matches!(done.reply, Ok(Reply::Busy { .. })) {
                    let channel = Channel::new(&format!("channel {}", id.record()));
                    let entry = Entry {
                        mode: Mode::Exclusive,
                        strict: false,
                        short_ms: wish.lease_ms.min(3000),
                        channel,
                    };
                    let waiter = Waiter { id: id.clone(), entry, beat_ms: now_ms + 1000 };
                    done.record.queue.push(now_us, waiter);
                }
                done
            }
            (Mutation::AskedLease, Operation::Acquire(wish)) => {
                let mut done = self.step(record, id, operation, now_us);
                if let Ok(Reply::Held { left_ms, .. }) = &mut done.reply {
                    *left_ms = wish.lease_ms;
                }
                done
            }
            (Mutation::SkippedLoses, _) => {
                let order = record.queue.texts();
                let mut done = self.step(record, id, operation, now_us);
                let granted = done.grants.first().map(|grant| grant.id.clone());
                let place = order
                    .iter()
                    .position(|text| granted.as_ref().is_some_and(|id| text.ends_with(id.as_str())));
                for text in &order[..place.unwrap_or(0)] {
                    done.record.queue.remove(text);
                }
                done
            }
            (Mutation::Shortens, Operation::Renew { lease_ms } | Operation::Refresh { lease_ms, .. }) => {
                let mut done = self.step(record, id, operation, now_us);
                if let (Some(owner), Ok(Reply::Held { left_ms, .. })) =
                    (&mut done.record.owner, &mut done.reply)
                {
                    owner.deadline_ms = now_us.div_ceil(1000) + lease_ms;
                    *left_ms = *lease_ms;
                }
                done
            }
            (Mutation::NoTicket, Operation::Acquire(wish)) => {
                let mut wish = wish.clone();
                if let Some(place) = &mut wish.place {
                    place.ticket = None;
                }
                self.step(record, id, &Operation::Acquire(wish), now_us)
            }
            (Mutation::NoHeartbeat, _) => {
                let mut done = self.step(record, id, operation, now_us);
                for text in done.record.queue.texts() {
                    let ticket = done.record.queue.ticket(&text).unwrap_or(0);
                    done.record.queue.beat(ticket, &text, now_ms + 3_600_000);
                }
                done
            }
            _ => self.step(record, id, operation, now_us),
        }
    }
}
