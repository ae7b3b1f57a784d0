//! Waiting in the server's queue.

use std::time::Duration;

use super::desk::Desk;
use super::events::Event;
use super::line::Line;
use super::rules::{LONGEST_TICK, millis, pause, valid_until};
use super::slot::News;
use super::stay::{Phase, Proof, Queued};
use crate::backend::bounds;
use crate::backend::{Answer, Entry, Fault, FaultClass, Generation, Grant, Operation, Reply, Via};
use crate::clock::Moment;

/// Past the owner's end by so much, the head asks whether it is the owner now.
const AFTER_THE_END: Duration = Duration::from_millis(2);

fn refresh_interval(entry: &Entry) -> Duration {
    (Duration::from_millis(entry.short_ms) / 3).max(Duration::from_millis(1))
}

/// How long a place certainly lives without a refresh: three refreshes and their slack, and not beyond the wait. The server
/// keeps it for longer.
pub(super) fn heartbeat(entry: &Entry, patience: Duration) -> Duration {
    let three = refresh_interval(entry) * 3;
    (three + three / 4).min(patience)
}

/// The next refresh. The head also asks when the owner's lease ends, since nobody else might; and whoever is told that the
/// lock is kept for somebody who is late asks when that is over.
pub(super) fn next_refresh(entry: &Entry, seen: (u64, u64, bool), now: Moment) -> Moment {
    let (ahead, owner_left_ms, is_held) = seen;
    let usual = now + refresh_interval(entry);
    if ahead > 0 && (is_held || owner_left_ms == 0) {
        return usual;
    }
    usual.min(now + Duration::from_millis(owner_left_ms) + AFTER_THE_END)
}

impl Line {
    pub(super) fn drive_queued(&mut self, desk: &mut Desk) {
        if self.first_awake().is_none() {
            if self.waiters.is_empty() {
                self.ticket = None;
            }
            return self.abandon(desk);
        }
        let Some(stay) = &self.stay else { return };
        if stay.in_flight.is_some() {
            return;
        }
        if self.doubted.is_some_and(|until| desk.now >= until) {
            return self.drive_doubted(desk);
        }
        if desk.now < stay.next {
            return desk.effects.look_again(stay.next);
        }
        let patience = self.patience(desk.now);
        let Some(stay) = &mut self.stay else { return };
        stay.patience = patience;
        stay.last_sent = desk.now;
        let operation = Operation::Refresh {
            entry: stay.entry.clone(),
            wait_ms: millis(patience),
            lease_ms: stay.entry.short_ms,
        };
        let id = stay.id.clone();
        stay.in_flight = Some(desk.send(&self.key, &id, operation, Via::Engine));
    }

    /// Another caller of this process has let its grant run out, so perhaps nobody of it is polled any more. The waiter was
    /// woken, and has not shown itself in good time: the place is not refreshed any more, and ends with its heartbeat.
    ///
    /// What could go wrong: a process whose runtime is blocked, while its engine lives, has a hundred places of its own in
    /// the queue, and costs the others a hundred short leases one after the other. It can't: after the first of them the
    /// rest live for one heartbeat.
    fn drive_doubted(&mut self, desk: &mut Desk) {
        let Some(Phase::Queued(queued)) = self.stay.as_ref().map(|stay| &stay.phase) else { return };
        if desk.now < queued.alive_until {
            return desk.effects.look_again(queued.alive_until);
        }
        for waiter in &mut self.waiters {
            waiter.asleep = true;
            waiter.fault = Some(super::fault_not_polled());
        }
        self.doubted = None;
        self.next_end = Moment::default();
        self.drive(desk);
    }

    /// See [`drive_doubted`](Self::drive_doubted).
    pub(super) fn doubt(&mut self, desk: &mut Desk) {
        if !self.is_owned() && self.doubted.is_none() {
            self.doubted = Some(desk.now + LONGEST_TICK);
            for waiter in &self.waiters {
                desk.effects.wake(waiter.slot.put(News::Offered));
            }
        }
    }

    pub(super) fn refresh_answered(&mut self, answer: Answer, desk: &mut Desk) {
        match answer {
            Answer::Reply { reply, sent, generation, .. } => self.refreshed(reply, sent, generation, desk),
            Answer::Failed(fault) if fault.class != FaultClass::Transient => {
                self.abandon(desk);
                self.fail_waits(&fault, desk);
            }
            Answer::Failed(fault) | Answer::Lost(fault) | Answer::Unsent(fault) => {
                self.not_refreshed(&fault, desk)
            }
        }
    }

    fn refreshed(&mut self, reply: Reply, sent: Moment, generation: Generation, desk: &mut Desk) {
        let now = desk.now;
        match reply {
            Reply::Held { fence, left_ms, strict } => {
                self.granted_by_reply((fence, left_ms, strict), sent, desk);
            }
            Reply::Queued { ticket, floor, ahead, owner_left_ms, holder } => {
                let seen = (ahead, owner_left_ms, holder.is_some());
                self.see(holder, owner_left_ms, now);
                // The place was dropped, and a late copy of the acquire took one further back: as good as gone.
                if desk.rules.first_place && self.ticket.is_some_and(|first| ticket > first) {
                    self.place_lost(desk);
                    return self.abandon(desk);
                }
                let Some(stay) = &mut self.stay else { return };
                let alive_until = sent + heartbeat(&stay.entry, stay.patience);
                stay.tries = 0;
                let due = next_refresh(&stay.entry, seen, now);
                stay.next = if std::mem::take(&mut stay.again) { now } else { due };
                stay.phase = Phase::Queued(Queued { base: sent, heard: now, floor, alive_until, generation });
            }
            // Gone: dropped by a stall of the server, a failover, a flush. A new id gets the old place back; the old one
            // is dead, or a delayed grant of its first stay could be taken for one of its second.
            _ => {
                self.place_lost(desk);
                if desk.rules.new_id {
                    return self.end_stay(desk);
                }
                if let Some(stay) = &mut self.stay {
                    stay.phase = Phase::Asking { early: None };
                    stay.next = now;
                }
            }
        }
    }

    fn place_lost(&self, desk: &mut Desk) {
        let key = self.key.name.to_string();
        desk.effects.events.push(Event::PlaceLost { key });
    }

    fn not_refreshed(&mut self, fault: &Fault, desk: &mut Desk) {
        self.note_fault(fault);
        let Some(stay) = &mut self.stay else { return };
        stay.next = desk.now + pause(stay.tries);
        stay.tries += 1;
    }

    /// The server pushed a grant for this stay.
    ///
    /// What could go wrong: the message was stuck, its short lease is over, another holds the lock, and we count it from
    /// our latest refresh. It can't: that refresh's reply carries a floor that every later grant exceeds; a grant at or
    /// below it is older than the base and is ignored. Then the next refresh decides, at once.
    ///
    /// What could go wrong: somebody else published it, with a lease for ever or a token that no true holder will reach. It
    /// can't: its lease has to be the one that the entry asks for, and its fence one that the server's clock can have got to
    /// since the floor; else it is a hint to refresh, as it is where the server's clock was put forward. A message that is
    /// possible in all this, and yet forged, counts as long as [`Owned::counts_until`](super::stay::Owned::counts_until) says.
    pub(super) fn granted(&mut self, grant: &Grant, desk: &mut Desk) {
        let Some(stay) = &mut self.stay else { return };
        if stay.id.hex() != grant.hex {
            return;
        }
        match &mut stay.phase {
            Phase::Asking { early } => *early = Some(grant.clone()),
            Phase::Queued(queued) => {
                let base = if desk.rules.from_send { queued.base } else { queued.heard };
                let until = valid_until(base, grant.left_ms);
                let newer = grant.fence > queued.floor || !desk.rules.floor;
                let same_life = grant.generation.proves(&queued.generation) || !desk.rules.generation;
                let since_floor = desk.now.since(queued.base);
                let possible = bounds::is_possible_lease(grant.left_ms, &stay.entry)
                    && bounds::is_reachable_fence(grant.fence, queued.floor, since_floor);
                if newer && same_life && possible && desk.now < until {
                    let granted = (grant.fence, grant.left_ms, grant.strict);
                    self.own(granted, until, Proof::Message, desk);
                    self.drive(desk);
                } else {
                    self.refresh_now(desk);
                }
            }
            Phase::Owned(_) => {}
        }
    }

    /// Grants may have been missed: ask.
    pub(super) fn refresh_now(&mut self, desk: &mut Desk) {
        let Some(stay) = &mut self.stay else { return };
        if matches!(stay.phase, Phase::Queued(_)) {
            stay.again = stay.in_flight.is_some();
            stay.next = desk.now;
            self.drive_queued(desk);
        }
    }
}
