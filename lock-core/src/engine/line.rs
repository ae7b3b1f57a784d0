//! Everything that this process knows of one name: who waits here, and what it has at the server.

use std::collections::VecDeque;
use std::sync::Arc;

use super::desk::Desk;
use super::events::Event;
use super::rules::LONGEST_TICK;
use super::slot::Slot;
use super::stay::{Owned, Phase, Stay, User};
use super::waiter::{Waiter, WaiterKey, Want};
use crate::backend::{Answer, HoldId, Via};
use crate::clock::Moment;
use crate::error::Holder;
use crate::name::LockName;

/// One name. The first waiter asks the server on behalf of all: a thousand tasks on one name are one waiter there.
pub(super) struct Line {
    pub(super) name: LockName,
    pub(super) stay: Option<Stay>,
    pub(super) waiters: VecDeque<Waiter>,
    /// The place of a stay that was lost, to be asked back.
    pub(super) ticket: Option<u64>,
    /// What the server last said about the owner.
    pub(super) seen: Option<Seen>,
    /// A release whose first answer is awaited: who comes now does not find itself busy with it.
    pub(super) closing: Option<HoldId>,
    /// Not before this is a new stay begun.
    pub(super) not_before: Moment,
}

/// The owner, as the server last told.
pub(super) struct Seen {
    pub(super) at: Moment,
    pub(super) record: Option<String>,
    pub(super) until: Moment,
}

impl Line {
    pub(super) fn new(name: LockName) -> Self {
        Self {
            name,
            stay: None,
            waiters: VecDeque::new(),
            ticket: None,
            seen: None,
            closing: None,
            not_before: Moment::default(),
        }
    }

    /// Whether there is nothing left to know.
    pub(super) fn is_idle(&self) -> bool {
        self.stay.is_none() && self.waiters.is_empty() && self.closing.is_none()
    }

    /// A caller comes.
    pub(super) fn arrive(&mut self, want: Want, slot: Arc<Slot>, desk: &mut Desk) -> WaiterKey {
        let key = desk.number();
        let waiter = Waiter {
            key,
            want,
            slot,
            since: desk.now,
            fault: None,
            offered: false,
            asleep: false,
        };
        if !waiter.is_patient() && self.would_wait() {
            let holder = self.holder(desk.now);
            let error = waiter.busy(desk.now, holder);
            waiter.fail(error, &mut desk.effects);
            return key;
        }
        desk.effects.look_again(waiter.deadline());
        self.waiters.push_back(waiter);
        self.drive(desk);
        key
    }

    /// Whether it is known, without asking, that a caller who comes now has to wait.
    fn would_wait(&self) -> bool {
        let taken = match self.stay.as_ref().map(|stay| &stay.phase) {
            None | Some(Phase::Asking { .. }) => false,
            Some(Phase::Queued(_) | Phase::Owned(_)) => true,
        };
        taken || !self.waiters.is_empty()
    }

    /// A caller goes, for whatever reason.
    pub(super) fn leave(&mut self, key: WaiterKey, desk: &mut Desk) {
        let Some(place) = self.waiters.iter().position(|waiter| waiter.key == key) else {
            return;
        };
        self.waiters.remove(place);
        self.offer_again_if_to(key, desk);
        self.drive(desk);
    }

    /// Ends waits that are over.
    fn end_waits(&mut self, desk: &mut Desk) {
        let now = desk.now;
        let mut place = 0;
        while place < self.waiters.len() {
            let waiter = &self.waiters[place];
            let confirming = match self.offered() {
                // Who has an offer has what it waited for; that it is polled late does not make it busy.
                Some((to, false)) if to == waiter.key => {
                    place += 1;
                    continue;
                }
                // It was polled, and the server's word is missing.
                Some((to, true)) => to == waiter.key,
                _ => false,
            };
            let seen = self.seen.as_ref().is_some_and(|seen| seen.at >= waiter.since);
            let answered = seen || (!confirming && self.is_taken_by_us());
            let until = waiter.gives_up_at(answered);
            if now < until {
                desk.effects.look_again(until);
                place += 1;
                continue;
            }
            let Some(waiter) = self.waiters.remove(place) else {
                break;
            };
            let error = match &waiter.fault {
                // The server has done its part.
                _ if waiter.asleep => waiter.fault_error(now, &super::fault_not_polled()),
                Some(fault) if !answered => waiter.fault_error(now, fault),
                None if !answered => waiter.fault_error(now, &super::fault_no_answer()),
                _ => waiter.busy(now, self.holder(now)),
            };
            let key = waiter.key;
            waiter.fail(error, &mut desk.effects);
            self.offer_again_if_to(key, desk);
        }
    }

    /// The waiter whom an owned lease is offered to, and whether it has come and awaits the server's confirmation.
    fn offered(&self) -> Option<(WaiterKey, bool)> {
        match &self.stay.as_ref()?.phase {
            Phase::Owned(Owned {
                user: User::Offered { to, confirming, .. },
                ..
            }) => Some((*to, *confirming)),
            _ => None,
        }
    }

    fn is_taken_by_us(&self) -> bool {
        self.stay
            .as_ref()
            .is_some_and(|stay| matches!(stay.phase, Phase::Owned(_)))
    }

    /// Who holds it, as far as is known.
    pub(super) fn holder(&self, now: Moment) -> Option<Holder> {
        if let Some(Stay {
            id,
            phase: Phase::Owned(owned),
            ..
        }) = &self.stay
        {
            return Some(Holder {
                record: id.record().to_owned(),
                lease_left: owned.valid_until.since(now),
                in_this_process: true,
            });
        }
        let seen = self.seen.as_ref()?;
        Some(Holder {
            record: seen.record.clone()?,
            lease_left: seen.until.since(now),
            in_this_process: false,
        })
    }

    /// Does whatever is due. Called after every change.
    pub(super) fn drive(&mut self, desk: &mut Desk) {
        self.end_waits(desk);
        match self.stay.as_ref().map(|stay| &stay.phase) {
            None if self.closing.is_some() => {}
            None if desk.now < self.not_before => desk.effects.look_again(self.not_before),
            None => self.begin_stay(desk),
            Some(Phase::Asking { .. }) => self.drive_asking(desk),
            Some(Phase::Queued(_)) => self.drive_queued(desk),
            Some(Phase::Owned(_)) => self.drive_owned(desk),
        }
    }

    /// The answer to the request numbered `seq`.
    pub(super) fn answered(&mut self, seq: u64, answer: Answer, desk: &mut Desk) {
        let Some(stay) = &mut self.stay else { return };
        if stay.in_flight != Some(seq) && desk.rules.latest_answer {
            return;
        }
        stay.in_flight = None;
        match stay.phase {
            Phase::Asking { .. } => self.acquire_answered(answer, desk),
            Phase::Queued(_) => self.refresh_answered(answer, desk),
            Phase::Owned(_) => self.renewal_answered(answer, desk),
        }
        self.drive(desk);
    }

    /// The first answer to a release has come, or won't.
    pub(super) fn closed(&mut self, id: &HoldId, desk: &mut Desk) {
        if self.closing.as_ref() == Some(id) {
            self.closing = None;
            self.drive(desk);
        }
    }

    /// Gives the stay up; what it may have left on the server is undone.
    pub(super) fn abandon(&mut self, desk: &mut Desk) {
        if let Some(stay) = self.stay.take() {
            let undo = stay.undo(&self.name, desk.now);
            desk.undo(stay.id, undo, Via::Engine);
        }
    }

    /// Ends the stay where the server has said that nothing is left of it.
    pub(super) fn end_stay(&mut self, desk: &mut Desk) {
        if self.stay.as_ref().is_some_and(|stay| stay.copies_out) {
            self.abandon(desk);
        } else if let Some(stay) = self.stay.take() {
            desk.awaited.remove(stay.id.hex());
        }
    }

    /// The engine ends: every holder has lost its lock, every waiter its hope.
    pub(super) fn fail_all(&mut self, desk: &mut Desk, error: impl Fn(&LockName) -> crate::LockError) {
        for waiter in self.waiters.drain(..) {
            waiter.fail(error(&self.name), &mut desk.effects);
        }
        if let Some(Stay {
            phase: Phase::Owned(owned),
            ..
        }) = &self.stay
            && let User::Held(holding) = &owned.user
        {
            if holding.cell.lose() {
                desk.effects.events.push(Event::Lost {
                    key: self.name.to_string(),
                    why: "the engine ended",
                });
            }
            desk.effects.wakers.extend(holding.cell.take_wakers());
        }
    }

    /// How often at least to look at a lease of this length.
    pub(super) fn tick_of(lease: std::time::Duration) -> std::time::Duration {
        (lease / 10).min(LONGEST_TICK)
    }
}
