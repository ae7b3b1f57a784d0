//! Asking the server for a name.

use super::desk::Desk;
use super::line::{Line, Seen};
use super::queued::longest_heartbeat;
use super::rules::{SHORT_LEASE, millis, pause, valid_until};
use super::stay::{Phase, Queued, Stay};
use crate::backend::{Acquire, Answer, Entry, Fault, FaultClass, Operation, Place, Reply};
use crate::clock::Moment;

impl Line {
    /// Begins a stay on behalf of the first waiter, under a fresh id.
    pub(super) fn begin_stay(&mut self, desk: &mut Desk) {
        let Some(first) = self.waiters.iter().find(|waiter| !waiter.asleep) else {
            return;
        };
        let id = (desk.new_id)(&first.want.record);
        let expire = first.want.expire;
        let entry = Entry {
            short_ms: millis(expire.min(SHORT_LEASE)),
            channel: desk.channel.clone(),
        };
        if first.is_patient() {
            desk.awaited.insert(id.hex().to_owned(), self.name.clone());
        }
        self.stay = Some(Stay {
            id,
            entry,
            lease: expire,
            queues: first.is_patient(),
            last_sent: desk.now,
            not_after_ms: 0,
            copies_out: false,
            in_flight: None,
            tries: 0,
            next: desk.now,
            phase: Phase::Asking { early: None },
        });
        self.drive_asking(desk);
    }

    pub(super) fn drive_asking(&mut self, desk: &mut Desk) {
        let patience = self.patience(desk.now);
        let Some(stay) = &mut self.stay else { return };
        // The answer decides: it comes within the request limit, or is reported lost by then.
        if stay.in_flight.is_some() {
            return;
        }
        let Some(first) = self.waiters.iter().find(|waiter| !waiter.asleep) else {
            return self.end_stay(desk);
        };
        if first.is_patient() != stay.queues {
            self.end_stay(desk);
            return self.drive(desk);
        }
        if desk.now < stay.next {
            return desk.effects.look_again(stay.next);
        }
        let place = stay.queues.then(|| Place {
            entry: stay.entry.clone(),
            heartbeat_ms: heartbeat_ms(&stay.entry, patience),
            ticket: self.ticket,
        });
        stay.last_sent = desk.now;
        stay.not_after_ms = desk.not_after_ms();
        let acquire = Acquire {
            lease_ms: millis(stay.lease),
            not_after_ms: stay.not_after_ms,
            place,
        };
        let id = stay.id.clone();
        stay.in_flight = Some(desk.send(&self.name, &id, Operation::Acquire(acquire), first.want.via));
    }

    pub(super) fn acquire_answered(&mut self, answer: Answer, desk: &mut Desk) {
        let now = desk.now;
        match answer {
            Answer::Reply {
                reply,
                sent,
                generation,
                ..
            } => match reply {
                Reply::Held { fence, left_ms } => self.granted_by_reply(fence, left_ms, sent, desk),
                Reply::Queued {
                    ticket,
                    floor,
                    ahead,
                    owner_left_ms,
                    holder,
                } => {
                    self.see(holder, owner_left_ms, now);
                    let Some(stay) = &mut self.stay else { return };
                    let early = match &mut stay.phase {
                        Phase::Asking { early } => early.take(),
                        _ => None,
                    };
                    stay.tries = 0;
                    stay.next = super::queued::next_refresh(&stay.entry, ahead, owner_left_ms, now);
                    stay.phase = Phase::Queued(Queued {
                        base: sent,
                        heard: now,
                        floor,
                        generation,
                    });
                    self.ticket = Some(ticket);
                    if let Some(grant) = early {
                        self.granted(&grant, desk);
                    }
                }
                Reply::Busy {
                    owner_left_ms,
                    holder,
                } => {
                    self.see(holder, owner_left_ms, now);
                    self.end_stay(desk);
                    self.fail_impatient(desk);
                }
                Reply::Late => {
                    // The server's clock was read anew with this reply. The pause keeps a jumping clock from a busy loop.
                    self.end_stay(desk);
                    self.not_before = now + pause(0);
                }
                Reply::Gone | Reply::Forgotten { .. } => self.ask_again(&unexpected(), false, desk),
            },
            Answer::Failed(fault) if fault.class == FaultClass::Transient => {
                self.ask_again(&fault, false, desk)
            }
            Answer::Failed(fault) => {
                self.end_stay(desk);
                for waiter in std::mem::take(&mut self.waiters) {
                    let error = waiter.fault_error(now, &fault);
                    waiter.fail(error, &mut desk.effects);
                }
            }
            Answer::Lost(fault) => self.ask_again(&fault, true, desk),
            Answer::Unsent(fault) => self.ask_again(&fault, false, desk),
        }
    }

    /// The same id once more after a pause, while somebody waits.
    fn ask_again(&mut self, fault: &Fault, may_have_run: bool, desk: &Desk) {
        let Some(stay) = &mut self.stay else { return };
        stay.copies_out |= may_have_run;
        stay.next = desk.now + pause(stay.tries);
        stay.tries += 1;
        for waiter in &mut self.waiters {
            waiter.fault = Some(fault.clone());
        }
    }

    /// The server said busy: those who would not wait are done, at the head of the local queue only.
    fn fail_impatient(&mut self, desk: &mut Desk) {
        while self.waiters.front().is_some_and(|waiter| !waiter.is_patient()) {
            let Some(waiter) = self.waiters.pop_front() else {
                return;
            };
            let error = waiter.busy(desk.now, self.holder(desk.now));
            waiter.fail(error, &mut desk.effects);
        }
    }

    pub(super) fn see(&mut self, record: Option<String>, owner_left_ms: u64, now: Moment) {
        let until = now + std::time::Duration::from_millis(owner_left_ms);
        self.seen = Some(Seen {
            at: now,
            record,
            until,
        });
    }

    /// How long somebody here still waits.
    pub(super) fn patience(&self, now: Moment) -> std::time::Duration {
        self.waiters
            .iter()
            .map(|waiter| waiter.deadline().since(now))
            .max()
            .unwrap_or_default()
    }

    /// A reply says that the stay is the owner.
    pub(super) fn granted_by_reply(&mut self, fence: u64, left_ms: u64, sent: Moment, desk: &mut Desk) {
        let asked = self.stay.as_ref().map_or(0, |stay| millis(stay.lease));
        let left_ms = if desk.rules.stated_left { left_ms } else { asked };
        let base = if desk.rules.from_send { sent } else { desk.now };
        self.own(fence, left_ms, valid_until(base, left_ms), desk);
    }
}

/// How long an entry lives without a refresh: never beyond the wait.
pub(super) fn heartbeat_ms(entry: &Entry, patience: std::time::Duration) -> u64 {
    millis(longest_heartbeat(entry).min(patience))
}

fn unexpected() -> Fault {
    Fault::new(
        FaultClass::Transient,
        "the server's answer does not fit the request",
    )
}
