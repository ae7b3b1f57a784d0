//! A longer lease at the holder's wish.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;

use super::desk::Desk;
use super::hold_cell::HoldCell;
use super::line::Line;
use super::stay::{Holding, Phase, User};

/// Hears whether the lease was extended; otherwise it is lost.
pub(super) type Extended = oneshot::Sender<bool>;

/// An extension that is not answered yet.
pub(super) struct Extending {
    lease: Duration,
    answer: Extended,
}

impl Line {
    /// The holder wants the lease to last `lease` from now on, and every extension to come.
    ///
    /// What could go wrong: a second, shorter wish comes before the first is answered, and both are told that they have
    /// what only the second asked for. It can't: the request under way no longer counts, and what is sent from now on asks
    /// for the longest of all that are not answered.
    pub(super) fn extend(
        &mut self,
        cell: &Arc<HoldCell>,
        lease: Duration,
        answer: Extended,
        desk: &mut Desk,
    ) {
        let now = desk.now;
        let Some(stay) = &mut self.stay else {
            return desk.effects.extended.push((answer, false));
        };
        let Phase::Owned(owned) = &mut stay.phase else {
            return desk.effects.extended.push((answer, false));
        };
        let User::Held(holding) = &mut owned.user else {
            return desk.effects.extended.push((answer, false));
        };
        if owned.frozen || !Arc::ptr_eq(&holding.cell, cell) || !cell.is_held() {
            return desk.effects.extended.push((answer, false));
        }
        // Of two at a time the longer one is asked for, so that its answer is true for both.
        holding.expire = if holding.extending.is_empty() { lease } else { lease.max(holding.expire) };
        holding.ends_at = holding.ends_at.map(|end| end.max(now + lease));
        holding.extending.push(Extending { lease, answer });
        owned.renew_at = now;
        stay.next = now;
        if let Some(seq) = stay.in_flight.take() {
            desk.under_way.remove(&seq);
        }
        self.drive(desk);
    }

    /// Tells those who wait for an extension.
    pub(super) fn answer_extending(&mut self, extended: bool, desk: &mut Desk) {
        if let Some(User::Held(holding)) = self.owned_mut().map(|owned| &mut owned.user) {
            let waiting = holding.extending.drain(..).map(|waiting| (waiting.answer, extended));
            desk.effects.extended.extend(waiting);
        }
    }
}

impl Holding {
    /// The longest lease that a holder waits to be told of.
    pub(super) fn longest_wish(&self) -> Option<Duration> {
        self.extending.iter().map(|waiting| waiting.lease).max()
    }
}
