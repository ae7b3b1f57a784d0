//! Extending an owned lease.

use std::time::Duration;

use super::desk::Desk;
use super::events::Event;
use super::line::Line;
use super::rules::{millis, pause, valid_until};
use super::stay::{Owned, Phase, User};
use crate::backend::{Answer, Fault, FaultClass, Operation, REQUEST_LIMIT, Reply, Via};
use crate::clock::Moment;

/// A renewal that is not answered within a sixth of the lease, or this, is sent again.
const SHORTEST_PATIENCE: Duration = Duration::from_millis(20);

impl Line {
    pub(super) fn drive_held(&mut self, desk: &mut Desk) {
        let now = desk.now;
        let Some(owned) = self.owned() else { return };
        let Some(holding) = owned.holding() else { return };
        if owned.frozen || holding.cell.is_stopped() {
            return;
        }
        let wish = holding.longest_wish();
        let owes = owned.owes(holding, now);
        let (due, lease) = match holding.ends_at {
            // The last extension reaches the end of the body: none is due after it, but for who waits to be told.
            Some(end) if owned.valid_until >= end && wish.is_none() => (Moment::NEVER, holding.expire),
            Some(end) => (owned.renew_at, (end.since(now) + Duration::from_secs(1)).min(holding.expire)),
            None => (owned.renew_at, holding.expire),
        };
        if now >= due || owes.is_some() {
            let lease = wish.unwrap_or_default().max(owes.unwrap_or_default()).max(lease);
            self.renew(lease, desk);
        } else {
            desk.effects.look_again(due);
        }
    }

    /// Sends an extension, one at a time. One that is unanswered for long is given up; its answer no longer counts.
    ///
    /// What could go wrong: the one given up runs late and shortens what a later one gave. It can't: the server never
    /// moves an owner's deadline back.
    pub(super) fn renew(&mut self, lease: Duration, desk: &mut Desk) {
        let now = desk.now;
        let acknowledged = self.owned().is_none_or(|owned| owned.acknowledged);
        let stated = self.owned().map_or(lease, |owned| owned.lease);
        let via = if acknowledged { Via::Engine } else { Via::Replicated };
        let Some(stay) = &mut self.stay else { return };
        if let Some(seq) = stay.in_flight {
            let usual = (stay.lease.min(stated) / 6).max(SHORTEST_PATIENCE);
            // Replicas take their time; asked again they would only have more to do.
            let patience = stay.last_sent + if via == Via::Replicated { REQUEST_LIMIT } else { usual };
            if now < patience {
                return desk.effects.look_again(patience);
            }
            stay.in_flight = None;
            if desk.rules.latest_answer {
                desk.under_way.remove(&seq);
            }
        }
        if now < stay.next {
            return desk.effects.look_again(stay.next);
        }
        stay.last_sent = now;
        stay.lease = stay.lease.max(lease);
        let id = stay.id.clone();
        let operation = Operation::Renew { lease_ms: millis(lease) };
        stay.in_flight = Some(desk.send(&self.key, &id, operation, via));
    }

    pub(super) fn renewal_answered(&mut self, answer: Answer, desk: &mut Desk) {
        match answer {
            Answer::Reply { reply: Reply::Held { left_ms, strict, .. }, sent, .. } => {
                self.renewed(left_ms, strict, sent, desk)
            }
            Answer::Reply { .. } => self.lose("the server does not know it any more", desk),
            Answer::Failed(fault) | Answer::Lost(fault) | Answer::Unsent(fault) => {
                if self.owned().is_some_and(|owned| !owned.acknowledged) {
                    return self.not_acknowledged(fault, desk);
                }
                self.not_renewed(fault, desk)
            }
        }
    }

    /// Too few replicas have the lease: it counts for nobody, and is given back.
    fn not_acknowledged(&mut self, fault: Fault, desk: &mut Desk) {
        if fault.class == FaultClass::Transient {
            self.note_fault(&fault);
            return self.not_renewed(fault, desk);
        }
        self.abandon(desk);
        self.fail_waits(&fault, desk);
    }

    fn renewed(&mut self, left_ms: u64, strict: bool, sent: Moment, desk: &mut Desk) {
        let base = if desk.rules.from_send { sent } else { desk.now };
        let Some(stay) = &mut self.stay else { return };
        let Phase::Owned(owned) = &mut stay.phase else {
            return;
        };
        stay.tries = 0;
        owned.strict = strict;
        owned.taken_until = owned.taken_until.max(base + Duration::from_millis(left_ms));
        let left_ms = owned.holding().map_or(left_ms, |holding| holding.counts_on(left_ms));
        owned.lease = Duration::from_millis(left_ms);
        owned.valid_until = valid_until(base, left_ms);
        owned.renew_at = sent + owned.lease / 3;
        match &owned.user {
            // It ends with its holder, or with its lease.
            User::Held(holding) if holding.cell.is_stopped() => {}
            User::Held(holding) => {
                let until = holding.ends_at.map_or(owned.valid_until, |end| end.min(owned.valid_until));
                if holding.cell.extend(until) {
                    self.answer_extending(true, desk);
                } else {
                    self.lose("a renewal came too late", desk);
                }
            }
            User::Offered(_) => {
                // An unclaimed lease is extended on no other connection than the one that waits for the replicas.
                if !std::mem::replace(&mut owned.acknowledged, true) {
                    self.look_at_waits();
                }
                self.offer_confirmed(desk);
            }
        }
    }

    fn not_renewed(&mut self, fault: Fault, desk: &mut Desk) {
        let now = desk.now;
        let Some(stay) = &mut self.stay else { return };
        let Phase::Owned(Owned { lease, valid_until, .. }) = stay.phase else {
            return;
        };
        stay.next = now + pause(stay.tries).min(lease / 10);
        stay.tries += 1;
        let key = self.key.name.to_string();
        desk.effects.events.push(Event::RenewalFailed {
            key,
            reason: fault.message,
            left: valid_until.since(now),
        });
    }
}
