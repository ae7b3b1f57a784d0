//! An owned lease that nobody has claimed yet.

use std::sync::Arc;
use std::time::Duration;

use super::desk::Desk;
use super::hold_cell::HoldCell;
use super::line::Line;
use super::rules::{CLAIM_DELAY, OFFER_LIMIT, SHORT_LEASE, token};
use super::slot::News;
use super::stay::{Answered, Holding, Offer, Phase, User};
use super::waiter::WaiterKey;
use crate::clock::Moment;

/// After so many confirmations a waiter takes what is left.
const CONFIRMATIONS: u8 = 4;

/// What a waiter that came for its offer gets.
pub(super) enum Claim {
    /// The hold.
    Granted(Arc<HoldCell>),
    /// Nothing yet; there will be news.
    NotYet,
}

impl Line {
    /// The waiter whom an owned lease is offered to, and how far that has got.
    pub(super) fn offered(&self) -> Option<&Offer> {
        match &self.owned()?.user {
            User::Offered(offer) => Some(offer),
            User::Held(_) => None,
        }
    }

    fn offered_mut(&mut self) -> Option<&mut Offer> {
        match &mut self.owned_mut()?.user {
            User::Offered(offer) => Some(offer),
            User::Held(_) => None,
        }
    }

    /// Offers the owned lease to the next waiter from `place` of the local queue; with nobody there it is given back.
    pub(super) fn offer(&mut self, place: usize, desk: &mut Desk) {
        let now = desk.now;
        let count = self.waiters.len();
        let next = (0..count).map(|step| (place + step) % count).find(|&at| !self.waiters[at].asleep);
        let Some(at) = next else { return self.abandon(desk) };
        let waiter = &mut self.waiters[at];
        waiter.offered = true;
        let (key, slot) = (waiter.key, Arc::clone(&waiter.slot));
        let Some(offer) = self.offered_mut() else { return };
        (offer.to, offer.since, offer.answered) = (key, now, Answered::NotYet);
        desk.effects.wake(slot.put(News::Offered));
    }

    /// The waiter to whom it was offered is gone: the permit goes to the next, or back.
    pub(super) fn offer_again_if_to(&mut self, key: WaiterKey, desk: &mut Desk) {
        if self.offered().is_some_and(|offer| offer.to == key) {
            self.offer(0, desk);
        }
    }

    /// The server has confirmed the lease for the waiter that came: it may come again. If it comes late, or too little was
    /// confirmed, the server is asked once more; but not for ever, since with the tiniest leases half of one never arrives.
    pub(super) fn offer_confirmed(&mut self, desk: &mut Desk) {
        let now = desk.now;
        let Some(offer) = self.offered_mut() else { return };
        offer.unclaimed_since = now;
        offer.tries = offer.tries.saturating_add(1);
        offer.answered = if offer.tries < CONFIRMATIONS { Answered::NotYet } else { Answered::Confirmed };
        let key = offer.to;
        if let Some(waiter) = self.waiters.iter_mut().find(|waiter| waiter.key == key) {
            waiter.offered = true;
            desk.effects.wake(waiter.slot.put(News::Offered));
        }
    }

    /// A polled waiter comes for its offer. There is no await between the grant and the hold.
    pub(super) fn claim(&mut self, key: WaiterKey, desk: &mut Desk) -> Claim {
        let now = desk.now;
        let Some(place) = self.waiters.iter().position(|waiter| waiter.key == key) else {
            return Claim::NotYet;
        };
        self.waiters[place].offered = false;
        if std::mem::take(&mut self.waiters[place].asleep) | self.doubted.take().is_some() {
            self.drive(desk);
        }
        // Driving ends waits that are over, perhaps this one.
        let Some(place) = self.waiters.iter().position(|waiter| waiter.key == key) else {
            return Claim::NotYet;
        };
        if self.offered().is_none_or(|offer| offer.to != key) {
            return Claim::NotYet;
        }
        let acknowledged = self.owned().is_some_and(|owned| owned.acknowledged);
        if !acknowledged || desk.rules.confirm && !self.is_long_enough(place, desk) {
            if let Some(offer) = self.offered_mut() {
                offer.answered = Answered::Confirming;
            }
            let waiter = &mut self.waiters[place];
            if !acknowledged {
                // It has the lock as far as others are concerned: if its wait ends now, that is not because it is busy.
                waiter.fault = Some(super::fault_not_acknowledged());
            } else if now >= waiter.gives_up_at(false) && waiter.fault.is_none() {
                waiter.fault = Some(super::fault_not_polled());
            }
            self.next_end = Moment::default();
            self.drive(desk);
            return Claim::NotYet;
        }
        let Some(waiter) = self.waiters.remove(place) else {
            return Claim::NotYet;
        };
        let (line, clock) = (self.key.clone(), Arc::clone(&desk.clock));
        let Some(owned) = self.owned_mut() else {
            return Claim::NotYet;
        };
        let want = waiter.want;
        if owned.lease < want.expire {
            owned.renew_at = owned.renew_at.min(now + CLAIM_DELAY);
        }
        let ends_at = owned.body_ends_at(&want, now);
        let counts_until = owned.counts_until();
        let until = ends_at.map_or(counts_until, |end| end.min(counts_until));
        let cell = Arc::new(HoldCell::new(line, token(owned.fence, owned.pass), until, clock));
        owned.user = User::Held(Holding {
            cell: Arc::clone(&cell),
            record: want.record,
            caller: want.caller,
            since: now,
            expire: want.expire,
            extending: Vec::new(),
            ends_at,
        });
        self.drive(desk);
        Claim::Granted(cell)
    }

    /// With less than half a short lease left a body would lose it soon after its start: the server's word comes first.
    /// Half of what was asked, not of what the server said is left: a repeated acquire may say next to nothing.
    fn is_long_enough(&self, place: usize, desk: &Desk) -> bool {
        let (Some(stay), Some(owned), Some(offer)) = (&self.stay, self.owned(), self.offered()) else {
            return false;
        };
        if owned.is_hearsay(desk.now) {
            return false;
        }
        let half = Duration::from_millis(stay.entry.short_ms).min(self.waiters[place].want.expire) / 2;
        let left = owned.valid_until.since(desk.now);
        left >= half || (offer.answered == Answered::Confirmed && !left.is_zero())
    }

    pub(super) fn drive_offered(&mut self, desk: &mut Desk) {
        let now = desk.now;
        let Some(offer) = self.offered() else { return };
        let (key, next_at, over_at) =
            (offer.to, offer.since + OFFER_LIMIT, offer.unclaimed_since + SHORT_LEASE);
        if offer.answered == Answered::Confirming {
            let asked = self.waiters.iter().find(|waiter| waiter.key == key).map(|waiter| waiter.want.expire);
            return self.renew(asked.unwrap_or(SHORT_LEASE), desk);
        }
        if !desk.rules.unclaimed_lapses {
            return self.renew(SHORT_LEASE, desk);
        }
        desk.effects.look_again(over_at);
        if now >= over_at {
            return self.lose("nobody came for it", desk);
        }
        if self.waiters.len() > 1 {
            desk.effects.look_again(next_at);
            if now >= next_at {
                // Not taken up: the next in the local queue may have it. The first keeps its place.
                let place = self.waiters.iter().position(|waiter| waiter.key == key).unwrap_or(0);
                self.next_end = Moment::default();
                self.offer(place + 1, desk);
            }
        }
    }

    /// The line is the owner, and the lease is in use here or on its way to be.
    pub(super) fn is_owned(&self) -> bool {
        self.stay.as_ref().is_some_and(|stay| matches!(stay.phase, Phase::Owned(_)))
    }
}
