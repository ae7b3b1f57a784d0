//! An owned lease: offered, claimed, renewed, passed on, released, lost.

use std::sync::Arc;
use std::time::Duration;

use super::desk::Desk;
use super::events::Event;
use super::hold_cell::HoldCell;
use super::line::Line;
use super::rules::{MAX_PASSES, OFFER_LIMIT, PASS_WINDOW, millis, pause, token, valid_until};
use super::stay::{Holding, Owned, Phase, User};
use super::undo::{ReleaseAnswer, Released};
use super::waiter::WaiterKey;
use crate::backend::{Answer, Operation, Reply, Via};
use crate::clock::Moment;

/// What a waiter that came for its offer gets.
pub(super) enum Claim {
    /// The hold.
    Granted(Arc<HoldCell>),
    /// Nothing yet; there will be news.
    NotYet,
}

impl Line {
    /// The server has made the stay the owner: offer it to whoever waits first.
    pub(super) fn own(&mut self, fence: u64, left_ms: u64, valid_until: Moment, desk: &mut Desk) {
        let now = desk.now;
        let Some(stay) = &mut self.stay else { return };
        // A refresh under way belongs to the queue: its answer is of no use any more.
        stay.in_flight = None;
        stay.tries = 0;
        stay.next = now;
        let lease = Duration::from_millis(left_ms);
        stay.lease = stay.lease.max(lease);
        stay.phase = Phase::Owned(Owned {
            fence,
            pass: 0,
            granted_at: now,
            lease,
            valid_until,
            renew_at: valid_until - lease * 2 / 3,
            user: User::Offered {
                to: 0,
                since: now,
                confirming: false,
            },
        });
        self.ticket = None;
        self.offer(0, desk);
    }

    /// Offers the owned lease to the next waiter from `place` of the local queue; with nobody there it is given back.
    fn offer(&mut self, place: usize, desk: &mut Desk) {
        let Some(Phase::Owned(owned)) = self.stay.as_mut().map(|stay| &mut stay.phase) else {
            return;
        };
        let count = self.waiters.len();
        let next = (0..count)
            .map(|step| (place + step) % count)
            .find(|&at| !self.waiters[at].asleep);
        let Some(waiter) = next.and_then(|at| self.waiters.get_mut(at)) else {
            return self.abandon(desk);
        };
        waiter.offered = true;
        owned.user = User::Offered {
            to: waiter.key,
            since: desk.now,
            confirming: false,
        };
        desk.effects.wake(waiter.slot.put(super::slot::News::Offered));
    }

    /// The waiter to whom it was offered is gone: the permit goes to the next, or back.
    pub(super) fn offer_again_if_to(&mut self, key: WaiterKey, desk: &mut Desk) {
        let Some(Phase::Owned(owned)) = self.stay.as_ref().map(|stay| &stay.phase) else {
            return;
        };
        if matches!(owned.user, User::Offered { to, .. } if to == key) {
            self.offer(0, desk);
        }
    }

    /// A polled waiter comes for its offer. There is no await between the grant and the hold.
    pub(super) fn claim(&mut self, key: WaiterKey, desk: &mut Desk) -> Claim {
        let now = desk.now;
        let Some(place) = self.waiters.iter().position(|waiter| waiter.key == key) else {
            return Claim::NotYet;
        };
        self.waiters[place].offered = false;
        if std::mem::take(&mut self.waiters[place].asleep) {
            self.drive(desk);
        }
        let Some(stay) = &mut self.stay else {
            return Claim::NotYet;
        };
        let Phase::Owned(owned) = &mut stay.phase else {
            return Claim::NotYet;
        };
        let User::Offered { to, confirming, .. } = &mut owned.user else {
            return Claim::NotYet;
        };
        if *to != key {
            return Claim::NotYet;
        }
        // With less than half a short lease left a body would lose it soon after its start: the server's word comes
        // first. Half of what was asked, not of what the server said is left: a repeated acquire may say next to nothing.
        let half = Duration::from_millis(stay.entry.short_ms).min(self.waiters[place].want.expire) / 2;
        if now >= owned.valid_until || (desk.rules.confirm && owned.valid_until.since(now) < half) {
            *confirming = true;
            self.drive(desk);
            return Claim::NotYet;
        }
        let Some(waiter) = self.waiters.remove(place) else {
            return Claim::NotYet;
        };
        let want = waiter.want;
        // A lease that was asked for its full length just now is the body's; a short or a passed one is extended to it.
        let whole = owned.pass == 0 && owned.lease >= want.expire;
        let ends_at = (!want.renew).then(|| {
            if whole {
                owned.valid_until
            } else {
                now + want.expire
            }
        });
        let until = ends_at.map_or(owned.valid_until, |end| end.min(owned.valid_until));
        let cell = Arc::new(HoldCell::new(
            self.name.clone(),
            token(owned.fence, owned.pass),
            until,
            Arc::clone(&desk.clock),
        ));
        owned.user = User::Held(Holding {
            cell: Arc::clone(&cell),
            expire: want.expire,
            ends_at,
        });
        self.drive(desk);
        Claim::Granted(cell)
    }

    pub(super) fn drive_owned(&mut self, desk: &mut Desk) {
        let now = desk.now;
        let Some(stay) = &mut self.stay else { return };
        let Phase::Owned(owned) = &mut stay.phase else {
            return;
        };
        let lost = now >= owned.valid_until || owned.holding().is_some_and(|holding| holding.cell.is_lost());
        desk.effects
            .look_again(owned.valid_until.min(now + Self::tick_of(owned.lease)));
        match &mut owned.user {
            _ if lost => self.lose("its lease is over", desk),
            User::Offered {
                to,
                since,
                confirming: false,
            } => {
                let (key, until) = (*to, *since + OFFER_LIMIT);
                if !desk.rules.unclaimed_lapses && now >= owned.renew_at {
                    let lease = owned.lease;
                    return self.renew(lease, desk);
                }
                if self.waiters.len() > 1 {
                    desk.effects.look_again(until);
                    if now >= until {
                        self.offer_to_next(key, desk);
                    }
                }
            }
            User::Offered {
                to, confirming: true, ..
            } => {
                let (key, lease) = (*to, owned.lease);
                let expire = self
                    .waiters
                    .iter()
                    .find(|waiter| waiter.key == key)
                    .map(|waiter| waiter.want.expire);
                self.renew(expire.unwrap_or(lease), desk);
            }
            User::Held(holding) => {
                let due = match holding.ends_at {
                    // The last extension reaches the end of the body: none is due after it.
                    Some(end) if owned.valid_until >= end => Moment::NEVER,
                    _ => owned.renew_at,
                };
                desk.effects.look_again(due);
                let lease = holding
                    .ends_at
                    .map_or(holding.expire, |end| end.since(now) + Duration::from_secs(1));
                let lease = lease.min(holding.expire);
                if now >= due {
                    self.renew(lease, desk);
                }
            }
        }
    }

    /// An offer that was not taken up: the next in the local queue may have it. The first keeps its place.
    fn offer_to_next(&mut self, key: WaiterKey, desk: &mut Desk) {
        let place = self
            .waiters
            .iter()
            .position(|waiter| waiter.key == key)
            .unwrap_or(0);
        self.offer(place + 1, desk);
    }

    /// Sends an extension, one at a time. One that is unanswered for long is given up; its answer no longer counts.
    fn renew(&mut self, lease: Duration, desk: &mut Desk) {
        let now = desk.now;
        let Some(stay) = &mut self.stay else { return };
        if stay.in_flight.is_some() {
            let patience = (stay.last_sent + stay.lease / 6).max(stay.last_sent + Duration::from_millis(20));
            if now < patience {
                return desk.effects.look_again(patience);
            }
            if let Some(seq) = stay.in_flight.take()
                && desk.rules.latest_answer
            {
                desk.under_way.remove(&seq);
            }
        }
        if now < stay.next {
            return desk.effects.look_again(stay.next);
        }
        stay.last_sent = now;
        stay.lease = stay.lease.max(lease);
        let id = stay.id.clone();
        stay.in_flight = Some(desk.send(
            &self.name,
            &id,
            Operation::Renew {
                lease_ms: millis(lease),
            },
            Via::Engine,
        ));
    }

    pub(super) fn renewal_answered(&mut self, answer: Answer, desk: &mut Desk) {
        let now = desk.now;
        let Some(stay) = &mut self.stay else { return };
        let Phase::Owned(owned) = &mut stay.phase else {
            return;
        };
        match answer {
            Answer::Reply {
                reply: Reply::Held { left_ms, .. },
                sent,
                ..
            } => {
                stay.tries = 0;
                owned.lease = Duration::from_millis(left_ms);
                // Absolute: a renewal may also shorten.
                let base = if desk.rules.from_send { sent } else { now };
                owned.valid_until = valid_until(base, left_ms);
                owned.renew_at = sent + owned.lease / 3;
                match &mut owned.user {
                    User::Held(holding) => {
                        let until = holding
                            .ends_at
                            .map_or(owned.valid_until, |end| end.min(owned.valid_until));
                        if !holding.cell.extend(until) {
                            self.lose("a renewal came too late", desk);
                        }
                    }
                    User::Offered { to, .. } => {
                        let key = *to;
                        let place = self.waiters.iter().position(|waiter| waiter.key == key);
                        self.offer(place.unwrap_or(0), desk);
                    }
                }
            }
            Answer::Reply { .. } => self.lose("the server does not know it any more", desk),
            Answer::Failed(fault) | Answer::Lost(fault) | Answer::Unsent(fault) => {
                stay.next = now + pause(stay.tries).min(owned.lease / 10);
                stay.tries += 1;
                desk.effects.events.push(Event::RenewalFailed {
                    key: self.name.to_string(),
                    reason: fault.message,
                    left: owned.valid_until.since(now),
                });
            }
        }
    }

    /// The lease is over, whatever the server thinks: the holder is told, what may be left is undone.
    fn lose(&mut self, why: &'static str, desk: &mut Desk) {
        if let Some(Phase::Owned(owned)) = self.stay.as_ref().map(|stay| &stay.phase)
            && let User::Held(holding) = &owned.user
        {
            holding.cell.lose();
            desk.effects.wakers.extend(holding.cell.take_wakers());
            desk.effects.events.push(Event::Lost {
                key: self.name.to_string(),
                why,
            });
        }
        let unclaimed = matches!(
            self.stay.as_ref().map(|stay| &stay.phase),
            Some(Phase::Owned(Owned {
                user: User::Offered {
                    confirming: false,
                    ..
                },
                ..
            }))
        );
        for waiter in &mut self.waiters {
            waiter.asleep |= unclaimed && waiter.offered;
        }
        self.abandon(desk);
        self.drive(desk);
    }

    /// The holder is done. Passed on here if that is fair, else freed at the server, which hands it over.
    pub(super) fn release(
        &mut self,
        cell: &Arc<HoldCell>,
        via: Via,
        answer: Option<ReleaseAnswer>,
        desk: &mut Desk,
    ) {
        let mine = matches!(
            self.stay.as_ref().map(|stay| &stay.phase),
            Some(Phase::Owned(Owned { user: User::Held(holding), .. })) if Arc::ptr_eq(&holding.cell, cell)
        );
        let held = cell.close();
        if !mine {
            // Lost before: the stay has ended, and its undo is under way.
            desk.effects
                .answers
                .extend(answer.map(|answer| (answer, Ok(Released::WasLost))));
            return;
        }
        if held && self.may_pass(desk.now) {
            desk.effects
                .answers
                .extend(answer.map(|answer| (answer, Ok(Released::Passed))));
            if let Some(Phase::Owned(owned)) = self.stay.as_mut().map(|stay| &mut stay.phase) {
                owned.pass += 1;
            }
            self.offer(0, desk);
            return self.drive(desk);
        }
        if !held {
            desk.effects.events.push(Event::Lost {
                key: self.name.to_string(),
                why: "its lease is over",
            });
        }
        if let Some(stay) = self.stay.take() {
            let undo = stay.undo(&self.name, desk.now).answering(answer, desk.now);
            self.closing = desk.rules.join_release.then(|| stay.id.clone());
            desk.undo(stay.id, undo, via);
        }
    }

    /// Whether the lock may go to the next waiter of this process without the server: not for long, not often, and only
    /// with validity enough, so that other processes are not kept from it.
    fn may_pass(&self, now: Moment) -> bool {
        let Some(Phase::Owned(owned)) = self.stay.as_ref().map(|stay| &stay.phase) else {
            return false;
        };
        !self.waiters.is_empty()
            && owned.pass < MAX_PASSES
            && now.since(owned.granted_at) <= PASS_WINDOW
            && owned.valid_until.since(now) >= owned.lease / 2
    }
}
