//! An owned lease: how it begins, what is due, how it is lost.

use std::sync::Arc;
use std::time::Duration;

use super::bounds::Frozen;
use super::desk::Desk;
use super::events::Event;
use super::hold_cell::HoldCell;
use super::line::Line;
use super::rules::{LONGEST_TICK, OFFER_LIMIT};
use super::stay::{Offer, Owned, Phase, User};
use crate::clock::Moment;

impl Line {
    /// The server has made the stay the owner: offer it to whoever waits first.
    pub(super) fn own(
        &mut self,
        (fence, left_ms, strict): (u64, u64, bool),
        valid_until: Moment,
        desk: &mut Desk,
    ) {
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
            strict,
            frozen: false,
            pass: 0,
            granted_at: now,
            lease,
            valid_until,
            renew_at: valid_until - lease * 2 / 3,
            taken_until: valid_until,
            acknowledged: !desk.acknowledge,
            user: User::Offered(Offer::nobody_yet(now)),
        });
        self.ticket = None;
        self.look_at_waits();
        self.offer(0, desk);
    }

    pub(super) fn owned(&self) -> Option<&Owned> {
        match &self.stay.as_ref()?.phase {
            Phase::Owned(owned) => Some(owned),
            _ => None,
        }
    }

    pub(super) fn owned_mut(&mut self) -> Option<&mut Owned> {
        match &mut self.stay.as_mut()?.phase {
            Phase::Owned(owned) => Some(owned),
            _ => None,
        }
    }

    /// The holder's part ends, while the lock stays taken: another hold of this process takes its place at the server, and
    /// is told what this one leaves, if it still is one.
    ///
    /// What could go wrong: the other took its place and ended, while somebody still counts on this one. They can't: it is
    /// closed first. Nor is it reported as lost when the server does not know it any more: nothing is asked or believed of
    /// it from now on.
    pub(super) fn freeze(&mut self, cell: &Arc<HoldCell>, desk: &mut Desk) -> Option<Frozen> {
        self.answer_extending(false, desk);
        let owned = self.owned_mut()?;
        let mine = owned.holding().is_some_and(|holding| Arc::ptr_eq(&holding.cell, cell));
        if !mine || !cell.close() {
            return None;
        }
        owned.frozen = true;
        let ends_at = owned.holding().and_then(|holding| holding.ends_at);
        let stay = self.stay.as_mut()?;
        if let Some(seq) = stay.in_flight.take() {
            desk.under_way.remove(&seq);
        }
        Some(Frozen { id: stay.id.clone(), left: ends_at.map(|end| end.since(desk.now)) })
    }

    pub(super) fn drive_owned(&mut self, desk: &mut Desk) {
        let now = desk.now;
        let Some(owned) = self.owned() else { return };
        let until = owned.holding().map_or(owned.valid_until, |holding| holding.cell.valid_until());
        let told = |cell: &HoldCell| cell.is_lost() && !cell.is_stopped();
        let lost = now >= until || owned.holding().is_some_and(|holding| told(&holding.cell));
        if lost {
            return self.lose("its lease is over", desk);
        }
        desk.effects.look_again(until);
        // A suspend may jump over that moment, and timers don't notice: short leases are looked at more often than all are.
        if owned.lease / 10 < LONGEST_TICK {
            desk.effects.look_again(now + owned.lease / 10);
        }
        match owned.user {
            User::Offered(_) => self.drive_offered(desk),
            User::Held(_) => self.drive_held(desk),
        }
    }

    /// The manager is shut down, and the time that its holders had is over: this one holds nothing any more, and is told.
    ///
    /// What could go wrong: the lock is freed, and somebody else gets it, while the body still runs. It can't: at the server it
    /// stays until the holder has let go of it ([`release`](Self::release)), or its lease is over. Only renewals end here.
    pub(super) fn stop(&mut self, desk: &mut Desk) {
        self.answer_extending(false, desk);
        let Some(holding) = self.owned().and_then(Owned::holding) else { return };
        if holding.cell.stop() {
            desk.effects.wakers.extend(holding.cell.take_wakers());
            let key = self.key.name.to_string();
            desk.effects.events.push(Event::Lost { key, why: "the manager was shut down" });
        }
    }

    /// The lease is over, whatever the server thinks: the holder is told, what may be left is undone.
    pub(super) fn lose(&mut self, why: &'static str, desk: &mut Desk) {
        self.answer_extending(false, desk);
        let Some(owned) = self.owned() else { return };
        match &owned.user {
            User::Held(holding) => {
                holding.cell.lose();
                desk.effects.wakers.extend(holding.cell.take_wakers());
                if !owned.frozen {
                    desk.effects.events.push(Event::Lost { key: self.key.name.to_string(), why });
                }
                self.note_busy();
            }
            // Who had the time to come and did not is asleep.
            User::Offered(offer)
                if offer.is_unclaimed() && desk.now >= offer.unclaimed_since + OFFER_LIMIT =>
            {
                for waiter in self.waiters.iter_mut().filter(|waiter| waiter.offered) {
                    waiter.asleep = true;
                    waiter.fault = Some(super::fault_not_polled());
                }
                if !self.key.is_shared() {
                    desk.neighbours.slept(&self.key.name);
                }
            }
            User::Offered(_) => {}
        }
        self.next_end = Moment::default();
        self.abandon(desk);
        self.drive(desk);
    }
}
