//! The end of waits.

use super::desk::Desk;
use super::line::{Line, Seen};
use super::stay::{Answered, Phase};
use super::waiter::Waiter;
use crate::backend::Fault;
use crate::clock::Moment;

impl Line {
    /// Ends waits that are over.
    pub(super) fn end_waits(&mut self, desk: &mut Desk) {
        let now = desk.now;
        if now < self.next_end {
            return desk.effects.look_again(self.next_end);
        }
        self.next_end = Moment::NEVER;
        let mut place = 0;
        while place < self.waiters.len() {
            let until = self.wait_ends_at(&self.waiters[place]);
            if now < until {
                self.next_end = self.next_end.min(until);
                place += 1;
                continue;
            }
            let Some(waiter) = self.waiters.remove(place) else {
                break;
            };
            let error = match &waiter.fault {
                // The server has done its part.
                _ if waiter.asleep => waiter.fault_error(now, &super::fault_not_polled()),
                Some(fault) => waiter.fault_error(now, fault),
                None if self.is_known_busy_to(&waiter) => waiter.busy(now, self.holder(now)),
                None if waiter.offered => waiter.fault_error(now, &super::fault_not_polled()),
                None => waiter.fault_error(now, &super::fault_no_answer()),
            };
            let key = waiter.key;
            waiter.fail(error, &mut desk.effects);
            self.offer_again_if_to(key, desk);
        }
        desk.effects.look_again(self.next_end);
    }

    fn wait_ends_at(&self, waiter: &Waiter) -> Moment {
        match self.offered().filter(|offer| offer.to == waiter.key).map(|offer| offer.answered) {
            // Who has an offer has what it waited for; that it is polled late does not make it busy.
            Some(Answered::NotYet | Answered::Confirmed) => Moment::NEVER,
            // It came, and the server's word is missing. Who is asleep has had it.
            Some(Answered::Confirming) | None => {
                waiter.gives_up_at(waiter.asleep || self.is_known_busy_to(waiter))
            }
        }
    }

    /// Whether it is known that others have the lock, or had it since the waiter came.
    fn is_known_busy_to(&self, waiter: &Waiter) -> bool {
        let offered = self.offered().is_some_and(|offer| offer.to == waiter.key);
        // Who came after the last refresh knows from it all the same: a grant would have been told since.
        let queued = waiter.fault.is_none() && self.is_queued();
        waiter.found_busy || queued || (!offered && self.is_owned())
    }

    fn is_queued(&self) -> bool {
        let stay = self.stay.as_ref();
        stay.is_some_and(|stay| matches!(stay.phase, Phase::Queued(_)))
    }

    /// The server said who has it.
    pub(super) fn see(&mut self, record: Option<String>, owner_left_ms: u64, now: Moment) {
        let until = now + std::time::Duration::from_millis(owner_left_ms);
        self.seen = Some(Seen { record, until });
        self.look_at_waits();
        self.note_busy();
    }

    /// Others have the lock, or have had it until now: whoever waits knows that, also between two stays of this process.
    pub(super) fn note_busy(&mut self) {
        for waiter in &mut self.waiters {
            waiter.found_busy = true;
        }
    }

    /// The server has answered: earlier faults are history, and waits may end earlier than they would have without.
    pub(super) fn look_at_waits(&mut self) {
        self.fault = None;
        for waiter in &mut self.waiters {
            waiter.fault = None;
        }
        self.next_end = Moment::default();
    }

    /// A fault that passes: whoever waits now hears of it if nothing better comes.
    pub(super) fn note_fault(&mut self, fault: &Fault) {
        self.fault = Some(fault.clone());
        for waiter in &mut self.waiters {
            waiter.fault = Some(fault.clone());
        }
    }

    /// A fault that does not pass by itself: nobody has to wait for its end.
    pub(super) fn fail_waits(&mut self, fault: &Fault, desk: &mut Desk) {
        for waiter in std::mem::take(&mut self.waiters) {
            let error = waiter.fault_error(desk.now, fault);
            waiter.fail(error, &mut desk.effects);
        }
    }

    /// How long somebody here still waits.
    pub(super) fn patience(&self, now: Moment) -> std::time::Duration {
        let awake = self.waiters.iter().filter(|waiter| !waiter.asleep);
        awake.map(|waiter| waiter.deadline().since(now)).max().unwrap_or_default()
    }

    pub(super) fn first_awake(&self) -> Option<&Waiter> {
        self.waiters.iter().find(|waiter| !waiter.asleep)
    }
}
