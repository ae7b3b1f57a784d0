//! Asking the server for a name.

use std::time::Duration;

use super::desk::Desk;
use super::line::Line;
use super::queued::{heartbeat, next_refresh};
use super::rules::{SHORT_LEASE, millis, pause, valid_until};
use super::stay::{Phase, Proof, Queued, Stay};
use super::waiter::Waiter;
use crate::backend::{Acquire, Answer, Entry, Fault, FaultClass, Operation, Place, Reply};
use crate::clock::Moment;
use crate::error::{BodyOutcome, LockError};

impl Line {
    /// Begins a stay on behalf of the first waiter, under a fresh id.
    pub(super) fn begin_stay(&mut self, desk: &mut Desk) {
        let Some(first) = self.first_awake() else { return };
        let id = (desk.new_id)(&first.want.record);
        let (lease, queues) = (first.want.expire, first.is_patient());
        let claim = first.want.claim.clone();
        if queues {
            desk.awaited.insert(id.number(), self.key.clone());
        }
        self.stay = Some(Stay {
            id,
            entry: Entry {
                mode: claim.mode,
                strict: claim.strict,
                short_ms: millis(lease.min(SHORT_LEASE)),
                channel: desk.channel.clone(),
            },
            replaces: claim.replaces,
            lease,
            patience: Duration::ZERO,
            queues,
            last_sent: desk.now,
            not_after_ms: 0,
            copies_out: false,
            in_flight: None,
            tries: 0,
            again: false,
            next: desk.now,
            phase: Phase::Asking { early: None },
        });
        self.drive_asking(desk);
    }

    pub(super) fn drive_asking(&mut self, desk: &mut Desk) {
        let patience = self.patience(desk.now);
        let first = self.first_awake().map(Waiter::is_patient);
        let Some(stay) = &mut self.stay else { return };
        // The answer decides: it comes within the request limit, or is reported lost by then.
        if stay.in_flight.is_some() {
            return;
        }
        let Some(patient) = first else {
            return self.end_stay(desk);
        };
        if patient != stay.queues {
            self.end_stay(desk);
            return self.drive(desk);
        }
        if desk.now < stay.next {
            return desk.effects.look_again(stay.next);
        }
        stay.patience = patience;
        stay.last_sent = desk.now;
        let not_after_ms = desk.not_after_ms();
        // An earlier copy may be allowed to run for longer: what was known of the server's clock was less exact.
        stay.not_after_ms = stay.not_after_ms.max(not_after_ms);
        let place = stay.queues.then(|| Place {
            entry: stay.entry.clone(),
            wait_ms: millis(patience),
            ticket: self.ticket,
        });
        let acquire = Acquire {
            mode: stay.entry.mode,
            replaces: stay.replaces.clone(),
            lease_ms: millis(stay.lease),
            not_after_ms,
            place,
        };
        let id = stay.id.clone();
        stay.in_flight = Some(desk.send(&self.key, &id, Operation::Acquire(acquire), desk.via));
    }

    pub(super) fn acquire_answered(&mut self, answer: Answer, desk: &mut Desk) {
        let now = desk.now;
        match answer {
            Answer::Reply { reply, sent, generation, .. } => match reply {
                Reply::Held { fence, left_ms, strict } => {
                    self.granted_by_reply((fence, left_ms, strict), sent, desk);
                }
                Reply::Queued { ticket, floor, ahead, owner_left_ms, holder } => {
                    let seen = (ahead, owner_left_ms, holder.is_some());
                    self.see(holder, owner_left_ms, now);
                    self.ticket = Some(ticket);
                    let Some(stay) = &mut self.stay else { return };
                    let alive_until = sent + heartbeat(&stay.entry, stay.patience);
                    let queued = Queued { base: sent, heard: now, floor, alive_until, generation };
                    stay.tries = 0;
                    stay.next = next_refresh(&stay.entry, seen, now);
                    let asked = std::mem::replace(&mut stay.phase, Phase::Queued(queued));
                    if let Phase::Asking { early: Some(grant) } = asked {
                        self.granted(&grant, desk);
                    }
                }
                Reply::Busy { owner_left_ms, holder } => {
                    self.see(holder, owner_left_ms, now);
                    self.end_stay(desk);
                }
                Reply::Late => {
                    // The server's clock was read anew with this reply. The pause keeps a jumping clock from a busy loop.
                    self.end_stay(desk);
                    self.not_before = now + pause(0);
                }
                Reply::Gone if self.stay.as_ref().is_some_and(|stay| stay.replaces.is_some()) => {
                    self.end_stay(desk);
                    self.fail_waiting(desk, |name| LockError::Lost {
                        key: name.to_string(),
                        body: BodyOutcome::Finished,
                    });
                }
                Reply::Gone | Reply::Forgotten { .. } => self.ask_again(&unexpected(), false, desk),
            },
            Answer::Failed(fault) | Answer::Unsent(fault) if fault.class != FaultClass::Transient => {
                self.end_stay(desk);
                self.fail_waits(&fault, desk);
            }
            Answer::Failed(fault) | Answer::Unsent(fault) => self.ask_again(&fault, false, desk),
            Answer::Lost(fault) => self.ask_again(&fault, true, desk),
        }
    }

    /// The same id once more after a pause, while somebody waits.
    fn ask_again(&mut self, fault: &Fault, may_have_run: bool, desk: &Desk) {
        self.note_fault(fault);
        let Some(stay) = &mut self.stay else { return };
        stay.copies_out |= may_have_run;
        stay.next = desk.now + pause(stay.tries);
        stay.tries += 1;
    }

    /// A reply says that the stay is the owner.
    pub(super) fn granted_by_reply(
        &mut self,
        (fence, left_ms, strict): (u64, u64, bool),
        sent: Moment,
        desk: &mut Desk,
    ) {
        let asked = self.stay.as_ref().map_or(0, |stay| millis(stay.lease));
        // No more is left than was asked for, whatever a server says whose clock went back, or whose record was damaged.
        let left_ms = if desk.rules.stated_left { left_ms.min(asked) } else { asked };
        let base = if desk.rules.from_send { sent } else { desk.now };
        self.own((fence, left_ms, strict), valid_until(base, left_ms), Proof::Reply, desk);
    }
}

fn unexpected() -> Fault {
    Fault::new(FaultClass::Transient, "the server's answer does not fit the request")
}
