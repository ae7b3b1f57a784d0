//! The end of a hold: passed on within this process, or freed at the server.

use std::sync::Arc;

use super::desk::Desk;
use super::events::Event;
use super::hold_cell::HoldCell;
use super::line::Line;
use super::rules::{MAX_PASSES, PASS_WINDOW};
use super::stay::{Offer, Owned, User};
use super::undo::{ReleaseAnswer, Released};
use crate::backend::Via;

impl Line {
    /// The holder is done. Passed on here if that is fair, else freed at the server, which hands it over.
    pub(super) fn release(
        &mut self,
        cell: &Arc<HoldCell>,
        via: Via,
        mut answer: Option<ReleaseAnswer>,
        desk: &mut Desk,
    ) {
        let holding = self.owned().and_then(|owned| owned.holding());
        let mine = holding.is_some_and(|holding| Arc::ptr_eq(&holding.cell, cell));
        let stands = |owned: &Owned| owned.frozen || cell.is_stopped();
        let held = cell.close() || (mine && self.owned().is_some_and(stands));
        if mine {
            self.answer_extending(false, desk);
            self.note_busy();
        }
        let keep = Some(cell.keep_until()).filter(|until| mine && held && *until > desk.now);
        if mine && held && keep.is_none() && self.may_pass(desk) {
            desk.effects.answers.extend(answer.map(|answer| (answer, Ok(Released::Kept))));
            return self.pass_on(desk);
        }
        if !held {
            // Lost: nobody has to wait for the server's word, which may not come.
            desk.effects.answers.extend(answer.take().map(|answer| (answer, Ok(Released::WasLost))));
            desk.effects.wakers.extend(cell.take_wakers());
        }
        if !mine {
            return;
        }
        if !held {
            desk.effects
                .events
                .push(Event::Lost { key: self.key.name.to_string(), why: "its lease is over" });
        }
        if let Some(stay) = self.stay.take() {
            let undo = stay.undo(&self.key, desk.now).keeping(keep).answering(answer, desk.now);
            self.close(&stay.id, desk);
            desk.undo(stay.id, undo, via);
        }
    }

    fn pass_on(&mut self, desk: &mut Desk) {
        let now = desk.now;
        let Some(owned) = self.owned_mut() else { return };
        owned.pass += 1;
        owned.user = User::Offered(Offer::nobody_yet(now));
        self.offer(0, desk);
        self.drive(desk);
    }

    /// Whether the lock may go to the next waiter of this process without the server: not for long, not often, and only
    /// with validity enough, so that other processes are not kept from it. Nor past anybody, here or at the server, who is
    /// served in strict order of arrival.
    fn may_pass(&self, desk: &Desk) -> bool {
        let Some(owned) = self.owned() else { return false };
        let now = desk.now;
        self.waiters.iter().any(|waiter| !waiter.asleep)
            && !owned.strict
            && !owned.frozen
            && desk.neighbours.of(&self.key.name).is_empty()
            && owned.pass < MAX_PASSES
            && now.since(owned.granted_at) <= PASS_WINDOW
            && owned.valid_until.since(now) >= owned.lease / 2
    }
}
