//! The engine's one lock, and the doors to what is behind it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::task::Waker;
use std::time::Duration;

use tokio::runtime::Handle;

use super::bounds::Frozen;
use super::desk::Desk;
use super::effects::Effects;
use super::events::{Event, EventSink};
use super::extension::Extended;
use super::hold_cell::HoldCell;
use super::line::Line;
use super::line_key::LineKey;
use super::offer::Claim;
use super::raise::Raised;
use super::report::ShutdownReport;
use super::slot::{News, Slot};
use super::table::Table;
use super::undo::{ReleaseAnswer, Released, Undo};
use super::waiter::{WaiterKey, Want};
use super::wake_up::WakeUp;
use crate::backend::{Answer, Backend, Channel, Generation, Grant, Inbox, Via};
use crate::clock::{Clock, Moment};
use crate::error::LockError;
use crate::name::LockName;

/// Everything that the callers, the backend and the engine's thread share.
pub(super) struct Shared {
    table: Mutex<Table>,
    pub(super) backend: Arc<dyn Backend>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) channel: Channel,
    pub(super) wake_up: WakeUp,
    /// That of the engine's thread, once it runs.
    pub(super) runtime: OnceLock<Handle>,
    events: EventSink,
}

impl Shared {
    pub(super) fn new(
        backend: Arc<dyn Backend>,
        clock: Arc<dyn Clock>,
        channel: Channel,
        events: EventSink,
    ) -> Self {
        let mut desk = Desk::new(Arc::clone(&clock), channel.clone());
        desk.acknowledge = backend.needs_acknowledgement();
        Self {
            table: Mutex::new(Table::new(desk)),
            backend,
            clock,
            channel,
            wake_up: WakeUp::default(),
            runtime: OnceLock::new(),
            events,
        }
    }

    /// Runs `change` under the lock, then carries out what it left to do.
    fn with<R>(&self, change: impl FnOnce(&mut Table) -> R) -> R {
        let (result, effects) = self.change(change);
        self.wake_up.no_later_than(self.carry_out(effects));
        result
    }

    fn change<R>(&self, change: impl FnOnce(&mut Table) -> R) -> (R, Effects) {
        let mut table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        // Read under the lock: time never runs backwards between two changes.
        table.desk.now = self.clock.now();
        table.desk.via = Via::Engine;
        let result = change(&mut table);
        (result, std::mem::take(&mut table.desk.effects))
    }

    /// Says when to look again.
    fn carry_out(&self, effects: Effects) -> Moment {
        let Effects { requests, wakers, answers, extended, events, due } = effects;
        if !requests.is_empty() {
            self.backend.submit(requests);
        }
        for waker in wakers {
            // Foreign code: its panic is not ours to die of, nor may it keep the others from being woken.
            let _ = catch_unwind(AssertUnwindSafe(|| waker.wake()));
        }
        for (to, answer) in answers {
            // Whoever asked may be gone; the release is under way all the same.
            let _ = catch_unwind(AssertUnwindSafe(|| to.send(answer)));
        }
        for (to, answer) in extended {
            let _ = catch_unwind(AssertUnwindSafe(|| to.send(answer)));
        }
        for event in events {
            self.events.put(event);
        }
        due
    }

    /// A caller comes; its news will be in `slot`.
    pub(super) fn arrive(&self, want: Want, slot: &Arc<Slot>) -> (LineKey, WaiterKey) {
        self.with(|table| arrive_at(table, want, slot))
    }

    /// Callers come together; what they ask for leaves in one write.
    pub(super) fn arrive_all(
        &self,
        callers: impl Iterator<Item = (Want, Arc<Slot>)>,
    ) -> Vec<(LineKey, WaiterKey)> {
        self.with(|table| callers.map(|(want, slot)| arrive_at(table, want, &slot)).collect())
    }

    pub(super) fn leave(&self, line: &LineKey, key: WaiterKey) {
        self.with(|table| table.on_line(line, |line, desk| line.leave(key, desk)));
    }

    pub(super) fn claim(&self, line: &LineKey, key: WaiterKey) -> Claim {
        self.with(|table| table.on_line(line, |line, desk| line.claim(key, desk))).unwrap_or(Claim::NotYet)
    }

    pub(super) fn release(&self, cell: &Arc<HoldCell>, via: Via, answer: Option<ReleaseAnswer>) {
        self.with(|table| release_at(table, cell, via, answer));
    }

    /// Several releases, which leave in one write.
    pub(super) fn release_all(&self, releases: Vec<(Arc<HoldCell>, Via, Option<ReleaseAnswer>)>) {
        self.with(|table| {
            for (cell, via, answer) in releases {
                release_at(table, &cell, via, answer);
            }
        });
    }

    pub(super) fn extend(&self, cell: &Arc<HoldCell>, lease: Duration, answer: Extended) {
        let mut answer = Some(answer);
        self.with(|table| {
            table.on_line(&cell.line(), |line, desk| {
                if let Some(answer) = answer.take() {
                    line.extend(cell, lease, answer, desk);
                }
            });
            table.desk.effects.extended.extend(answer.take().map(|answer| (answer, false)));
        });
    }

    /// See [`Line::keep`].
    pub(super) fn keep(&self, cell: &Arc<HoldCell>, time: Duration) {
        self.with(|table| {
            let until = table.desk.now + time;
            table.on_line(&cell.line(), |line, desk| line.keep(cell, until, desk));
        });
    }

    /// See [`Line::begin_body`].
    pub(super) fn begin_body(&self, cell: &Arc<HoldCell>, want: &Want) {
        self.with(|table| table.on_line(&cell.line(), |line, desk| line.begin_body(cell, want, desk)));
    }

    /// See [`Line::freeze`].
    pub(super) fn freeze(&self, cell: &Arc<HoldCell>) -> Option<Frozen> {
        self.with(|table| table.on_line(&cell.line(), |line, desk| line.freeze(cell, desk)).flatten())
    }

    /// Whether somebody in this process holds that name at present.
    pub(super) fn holds(&self, name: &LockName) -> bool {
        self.with(|table| table.holds(name))
    }

    pub(super) fn raise(&self, cell: &Arc<HoldCell>, fence: u64, via: Via, answer: Raised) {
        let mut answer = Some(answer);
        self.with(|table| {
            table.on_line(&cell.line(), |line, desk| {
                if let Some(answer) = answer.take() {
                    line.raise(cell, fence, via, answer, desk);
                }
            });
            table.desk.effects.extended.extend(answer.take().map(|answer| (answer, false)));
        });
    }

    /// A number for an alarm.
    pub(super) fn alarm_number(&self) -> u64 {
        self.with(|table| table.desk.number())
    }

    /// Wakes `waker` at a moment of the engine's clock, or a little later; at once when the engine has ended, and then says no.
    pub(super) fn set_alarm(&self, number: u64, at: Moment, waker: &Waker) -> bool {
        let waker = waker.clone();
        let (is_set, replaced) = self.with(|table| {
            if table.has_ended {
                table.desk.effects.wakers.push(waker);
                return (false, None);
            }
            table.desk.effects.look_again(at);
            (true, table.desk.alarms.set(number, at, waker))
        });
        drop(replaced);
        is_set
    }

    pub(super) fn cancel_alarm(&self, number: u64) {
        let cancelled = self.with(|table| table.desk.alarms.cancel(number));
        drop(cancelled);
    }

    /// Does what is due; says when to look again.
    pub(super) fn tick(&self) -> Moment {
        let (now, mut effects) = self.change(|table| {
            table.tick();
            table.desk.now
        });
        let dropped = self.events.take_dropped();
        if dropped > 0 {
            let message = format!("{dropped} lock events were dropped: the log is too slow");
            effects.events.push(Event::Warning { message });
        }
        let due = self.carry_out(effects);
        self.backend.tick(now);
        due
    }

    /// Refuses new callers and fails the waiting ones.
    pub(super) fn close(&self) {
        self.with(|table| {
            table.is_closed = true;
            table.on_all_lines(|line, desk| {
                line.fail_waiting(desk, |name| LockError::ShutDown { key: name.to_string(), body: None });
                line.drive(desk);
            });
        });
    }

    /// Ends what is held, for its holders. See [`Line::stop`].
    pub(super) fn stop(&self) {
        self.with(|table| table.on_all_lines(Line::stop));
    }

    /// The engine has ended, however it did.
    pub(super) fn end(&self) {
        self.with(Table::end);
    }

    /// Whether something is to leave the server of which it has said nothing yet.
    pub(super) fn has_unanswered_releases(&self) -> bool {
        self.with(|table| table.desk.undos.values().any(Undo::is_unanswered))
    }

    /// What is still held, and what is not confirmed as freed.
    pub(super) fn report(&self) -> ShutdownReport {
        self.with(|table| ShutdownReport::of(table))
    }

    pub(super) fn put_event(&self, event: Event) {
        self.events.put(event);
    }

    /// Looks into the table, for the simulation.
    #[cfg(test)]
    pub(super) fn desk<R>(&self, look: impl FnOnce(&mut Desk) -> R) -> R {
        self.with(|table| look(&mut table.desk))
    }

    /// Whether the engine has this id at the server, or undoes it.
    #[cfg(test)]
    pub(super) fn knows(&self, name: &LockName, id: &crate::backend::HoldId) -> bool {
        self.with(|table| {
            let lines = table.lines.values().filter(|line| line.key.name == *name);
            let stays = lines.filter_map(|line| line.stay.as_ref()).any(|stay| stay.id == *id);
            stays || table.desk.undos.contains_key(id)
        })
    }

    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.with(|table| {
            table.lines.is_empty()
                && table.desk.undos.is_empty()
                && table.desk.under_way.is_empty()
                && table.desk.awaited.is_empty()
        })
    }
}

fn arrive_at(table: &mut Table, want: Want, slot: &Arc<Slot>) -> (LineKey, WaiterKey) {
    let key = table.line_for(&want);
    if table.is_closed {
        let error = LockError::ShutDown { key: want.name.to_string(), body: None };
        table.desk.effects.wake(slot.put(News::Failed(error)));
        return (key, 0);
    }
    table.desk.via = want.via;
    let waiter = table.on_new_line(&key, |line, desk| line.arrive(want, Arc::clone(slot), desk));
    (key, waiter)
}

fn release_at(table: &mut Table, cell: &Arc<HoldCell>, via: Via, mut answer: Option<ReleaseAnswer>) {
    table.on_line(&cell.line(), |line, desk| line.release(cell, via, answer.take(), desk));
    // A name without a line: the hold was lost long ago.
    table.desk.effects.answers.extend(answer.take().map(|answer| (answer, Ok(Released::WasLost))));
}

impl Inbox for Shared {
    fn answers(&self, answers: Vec<(u64, Answer)>) {
        self.with(|table| {
            for (seq, answer) in answers {
                table.answer(seq, answer);
            }
        });
    }

    /// A grant for an id that is not awaited is not answered: such an id has been forgotten at the server past every copy
    /// of its acquire, or its undo is under way and asks again.
    fn granted(&self, grant: Grant) {
        self.with(|table| {
            if let Some(key) = table.desk.awaited.get(&grant.number()).cloned() {
                table.on_line(&key, |line, desk| line.granted(&grant, desk));
            }
        });
    }

    fn server_time(&self, sent: Moment, server_ms: u64) {
        self.with(|table| table.desk.server_clock.heard(&Generation::UNKNOWN, sent, server_ms));
    }

    /// Grants pushed while nobody listened are lost: whoever waits asks.
    fn listening(&self, listening: bool) {
        if listening {
            self.with(|table| table.on_all_lines(Line::refresh_now));
        }
    }
}
