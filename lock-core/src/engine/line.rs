//! Everything that this process knows of one line for a name: who waits in it, and what it has at the server.

use std::collections::VecDeque;
use std::sync::Arc;

use super::desk::Desk;
use super::events::Event;
use super::line_key::LineKey;
use super::slot::Slot;
use super::stay::{Owned, Phase, Stay, User};
use super::waiter::{Waiter, WaiterKey, Want};
use crate::backend::{Answer, Fault, HoldId, Via};
use crate::clock::Moment;
use crate::error::LockError;
use crate::holder::{Caller, Holder};
use crate::name::LockName;

/// One line for one name. Its first waiter asks the server on behalf of all: a thousand tasks in a shared line are one
/// waiter there. A line of one caller's own has that one waiter.
pub(super) struct Line {
    pub(super) key: LineKey,
    pub(super) stay: Option<Stay>,
    pub(super) waiters: VecDeque<Waiter>,
    /// The place of a stay that was lost, to be asked back.
    pub(super) ticket: Option<u64>,
    /// What the server last said about the owner.
    pub(super) seen: Option<Seen>,
    /// What went wrong since the server last answered.
    pub(super) fault: Option<Fault>,
    /// Another caller of this process let its grant of the name run out: perhaps nobody here is polled any more. Nothing
    /// is refreshed from then on, until this line's waiter has shown that it is.
    pub(super) doubted: Option<Moment>,
    /// A release whose first answer is awaited: who comes now does not find itself busy with it.
    pub(super) closing: Option<HoldId>,
    /// See [`is_going`](Self::is_going); its number among the releases.
    going: Option<u64>,
    /// Not before this is a new stay begun.
    pub(super) not_before: Moment,
    /// No wait ends before this, but for that of the waiter who has an offer.
    pub(super) next_end: Moment,
    /// When the table's schedule looks at this line.
    pub(super) scheduled: Moment,
    /// Whether it is on the schedule's list of changed lines.
    pub(super) is_listed: bool,
}

/// The owner, as the server last told.
pub(super) struct Seen {
    pub(super) record: Option<String>,
    pub(super) until: Moment,
}

impl Line {
    pub(super) fn new(key: LineKey) -> Self {
        Self {
            key,
            stay: None,
            waiters: VecDeque::new(),
            ticket: None,
            seen: None,
            fault: None,
            doubted: None,
            closing: None,
            going: None,
            not_before: Moment::default(),
            next_end: Moment::NEVER,
            scheduled: Moment::NEVER,
            is_listed: false,
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
            last_closing: desk.neighbours.last_closing(),
            fault: self.fault.clone(),
            offered: false,
            found_busy: false,
            asleep: false,
        };
        if !waiter.is_patient() && self.would_wait() {
            let holder = self.holder(desk.now);
            let error = waiter.busy(desk.now, holder);
            waiter.fail(error, &mut desk.effects);
            return key;
        }
        if self.closing.is_none() {
            self.is_going(false, desk);
        }
        // Whoever comes is polled.
        self.doubted = None;
        let deadline = waiter.deadline();
        self.next_end = self.next_end.min(deadline);
        self.waiters.push_back(waiter);
        self.refresh_for(deadline, desk.now);
        self.drive(desk);
        key
    }

    /// Whether it is known, without asking, that a caller who comes now has to wait.
    fn would_wait(&self) -> bool {
        match self.stay.as_ref().map(|stay| &stay.phase) {
            Some(Phase::Owned(_)) => true,
            // Who has it now is known only as long as the server answers.
            Some(Phase::Queued(_)) => self.fault.is_none(),
            Some(Phase::Asking { .. }) | None => false,
        }
    }

    /// A place that is kept for somebody less patient than `waiter` is refreshed before it dies.
    fn refresh_for(&mut self, deadline: Moment, now: Moment) {
        let Some(stay) = &mut self.stay else { return };
        if let Phase::Queued(queued) = &stay.phase
            && queued.alive_until < stay.next.min(deadline)
        {
            stay.next = now;
        }
    }

    /// A caller goes, for whatever reason.
    pub(super) fn leave(&mut self, key: WaiterKey, desk: &mut Desk) {
        let Some(place) = self.waiters.iter().position(|waiter| waiter.key == key) else {
            return;
        };
        self.waiters.remove(place);
        self.offer_again_if_to(key, desk);
        if self.waiters.is_empty() && matches!(self.stay, Some(Stay { phase: Phase::Asking { .. }, .. })) {
            // Its answer is not known yet, and will be undone.
            self.is_going(desk.rules.join_release, desk);
        }
        self.drive(desk);
    }

    /// Who holds it, as far as is known.
    pub(super) fn holder(&self, now: Moment) -> Option<Holder> {
        if let Some((owned, stay)) = self.owned().zip(self.stay.as_ref()) {
            let (record, since) = match &owned.user {
                User::Held(holding) => (Some(holding.record.as_str()), holding.since),
                User::Offered(offer) => {
                    let next = self.waiters.iter().find(|waiter| waiter.key == offer.to);
                    (next.map(|waiter| waiter.want.record.as_str()), offer.since)
                }
            };
            let record = record.unwrap_or(stay.id.record());
            return Some(Holder::here(record, now.since(since), owned.valid_until.since(now)));
        }
        let seen = self.seen.as_ref()?;
        Some(Holder::of(seen.record.as_deref()?, seen.until.since(now)))
    }

    /// Who of this process holds it, as `caller` finds it.
    pub(super) fn holder_here(&self, now: Moment, caller: Caller) -> Option<Holder> {
        let took_it = self.owned()?.holding()?.caller;
        let holder = self.holder(now)?;
        Some(if took_it == caller { holder.in_the_callers_task() } else { holder })
    }

    /// Does whatever is due. Called after every change.
    pub(super) fn drive(&mut self, desk: &mut Desk) {
        self.end_waits(desk);
        match self.stay.as_ref().map(|stay| &stay.phase) {
            None if self.waits_for_a_release(desk) => {}
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
        // What could go wrong: a request went again on a new connection, its second copy is answered, the lock is freed, and
        // the first copy then takes it for nobody. It can't: the undo of this stay is repeated past the first copy's
        // not-after, as if the first one's answer had been lost.
        if let Answer::Reply { copies_out: true, .. } = answer
            && let Phase::Asking { .. } = stay.phase
        {
            stay.copies_out = true;
        }
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
            self.is_going(false, desk);
            self.drive(desk);
        }
    }

    /// Waits for a release in this line, and, if the first waiter tries only once, for those in all lines of the name.
    ///
    /// What could go wrong: `drop(guard)`, then a single try, which overtakes the release on another connection and finds
    /// itself busy with it. It can't: the try is not sent before the release was answered. (Who is patient may ask at once:
    /// behind its own release it is granted the lock.)
    fn waits_for_a_release(&self, desk: &Desk) -> bool {
        // Nor for a hold that takes the place of another of this process: it is never told busy, and has no time to lose.
        let asks_to_go_on = |waiter: &Waiter| waiter.want.claim.replaces.is_some();
        let tries_once = self.first_awake().filter(|it| !it.is_patient() && !asks_to_go_on(it));
        // Not for those that began later: of a crowd there would be no end.
        let before = |waiter: &Waiter| desk.neighbours.is_closing(&self.key.name, waiter.last_closing);
        self.closing.is_some() || tries_once.is_some_and(before)
    }

    /// Whether its first waiter tries once.
    pub(super) fn tries_once(&self) -> bool {
        self.first_awake().is_some_and(|waiter| !waiter.is_patient())
    }

    /// A release is under way whose answer is awaited.
    pub(super) fn close(&mut self, id: &HoldId, desk: &mut Desk) {
        if desk.rules.join_release {
            self.closing = Some(id.clone());
            self.is_going(true, desk);
        }
    }

    /// Whether what this line has, or may have, at the server is on its way out: nobody wants it any more.
    pub(super) fn is_going(&mut self, going: bool, desk: &mut Desk) {
        let (neighbours, name) = (&mut desk.neighbours, &self.key.name);
        match (going, self.going) {
            (true, None) => self.going = Some(neighbours.closing(name)),
            (false, Some(number)) => {
                self.going = None;
                neighbours.closed(name, number);
            }
            _ => {}
        }
    }

    /// Gives the stay up; what it may have left on the server is undone. Who comes now waits for that, or it would find
    /// itself busy with its own ghost.
    pub(super) fn abandon(&mut self, desk: &mut Desk) {
        if let Some(stay) = self.stay.take() {
            let undo = stay.undo(&self.key, desk.now);
            self.close(&stay.id, desk);
            desk.undo(stay.id, undo, Via::Engine);
        }
    }

    /// Ends the stay where the server has said that nothing is left of it.
    pub(super) fn end_stay(&mut self, desk: &mut Desk) {
        if self.stay.as_ref().is_some_and(|stay| stay.copies_out) {
            self.abandon(desk);
        } else if let Some(stay) = self.stay.take() {
            desk.awaited.remove(&stay.id.number());
            self.is_going(false, desk);
        }
    }

    /// Fails everybody who waits here.
    pub(super) fn fail_waiting(&mut self, desk: &mut Desk, error: impl Fn(&LockName) -> LockError) {
        for waiter in std::mem::take(&mut self.waiters) {
            let key = waiter.key;
            waiter.fail(error(&self.key.name), &mut desk.effects);
            self.offer_again_if_to(key, desk);
        }
    }

    /// The engine ends: every holder has lost its lock, every waiter its hope.
    pub(super) fn fail_all(&mut self, desk: &mut Desk, error: impl Fn(&LockName) -> LockError) {
        for waiter in std::mem::take(&mut self.waiters) {
            waiter.fail(error(&self.key.name), &mut desk.effects);
        }
        self.answer_extending(false, desk);
        if let Some(holding) = self.owned().and_then(Owned::holding) {
            if holding.cell.lose() {
                desk.effects
                    .events
                    .push(Event::Lost { key: self.key.name.to_string(), why: "the engine ended" });
            }
            desk.effects.wakers.extend(holding.cell.take_wakers());
        }
    }

    pub(super) fn is_held(&self) -> bool {
        self.owned().is_some_and(|owned| owned.holding().is_some())
    }
}
