//! The engine's table behind its one lock.

use std::sync::{Arc, Mutex, PoisonError};
use std::task::Waker;

use super::desk::{Addressee, Desk, Map};
use super::effects::Effects;
use super::events::{Event, EventSink};
use super::hold_cell::HoldCell;
use super::line::Line;
use super::owned::Claim;
use super::rules::LONGEST_TICK;
use super::slot::{News, Slot};
use super::stay::Phase;
use super::undo::{ReleaseAnswer, Released};
use super::waiter::{WaiterKey, Want};
use super::wake_up::WakeUp;
use crate::backend::{Answer, Backend, Channel, Grant, Inbox, Via};
use crate::clock::{Clock, Moment};
use crate::error::LockError;
use crate::name::LockName;

/// What a shutdown left behind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ShutdownReport {
    /// Names that were still held at the end; the server frees them when their lease is over.
    pub still_held: Vec<LockName>,
    /// Names whose release the server has not confirmed; it frees them when their lease is over.
    pub unconfirmed: Vec<LockName>,
}

impl ShutdownReport {
    /// Whether nothing was left.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.still_held.is_empty() && self.unconfirmed.is_empty()
    }
}

/// Everything that the callers, the backend and the engine's thread share.
pub(super) struct Shared {
    table: Mutex<Table>,
    pub(super) backend: Arc<dyn Backend>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) channel: Channel,
    pub(super) wake_up: WakeUp,
    events: EventSink,
}

struct Table {
    lines: Map<LockName, Line>,
    desk: Desk,
    /// New callers are refused.
    closed: bool,
}

impl Shared {
    pub(super) fn new(
        backend: Arc<dyn Backend>,
        clock: Arc<dyn Clock>,
        channel: Channel,
        events: EventSink,
    ) -> Self {
        let desk = Desk::new(Arc::clone(&clock), channel.clone());
        Self {
            table: Mutex::new(Table {
                lines: Map::default(),
                desk,
                closed: false,
            }),
            backend,
            clock,
            channel,
            wake_up: WakeUp::default(),
            events,
        }
    }

    /// Runs `change` under the lock, then carries out what it left to do.
    fn with<R>(&self, change: impl FnOnce(&mut Table) -> R) -> R {
        let mut table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        // Read under the lock: time never runs backwards between two changes.
        table.desk.now = self.clock.now();
        let result = change(&mut table);
        let effects = std::mem::take(&mut table.desk.effects);
        drop(table);
        self.carry_out(effects);
        result
    }

    fn carry_out(&self, effects: Effects) {
        let Effects {
            requests,
            wakers,
            answers,
            events,
            due,
        } = effects;
        if !requests.is_empty() {
            self.backend.submit(requests);
        }
        for waker in wakers {
            waker.wake();
        }
        for (to, answer) in answers {
            // Whoever asked may be gone; the release is under way all the same.
            let _ = to.send(answer);
        }
        for event in events {
            self.events.put(event);
        }
        self.wake_up.no_later_than(due);
    }

    /// A caller comes; its news will be in `slot`.
    pub(super) fn arrive(&self, want: Want, slot: &Arc<Slot>) -> WaiterKey {
        self.with(|table| {
            if table.closed {
                let error = LockError::ShutDown {
                    key: want.name.to_string(),
                };
                table.desk.effects.wake(slot.put(News::Failed(error)));
                return 0;
            }
            let line = table
                .lines
                .entry(want.name.clone())
                .or_insert_with_key(|name| Line::new(name.clone()));
            let name = want.name.clone();
            let key = line.arrive(want, Arc::clone(slot), &mut table.desk);
            table.drop_if_idle(&name);
            key
        })
    }

    pub(super) fn leave(&self, name: &LockName, key: WaiterKey) {
        self.with(|table| table.on_line(name, |line, desk| line.leave(key, desk)));
    }

    pub(super) fn claim(&self, name: &LockName, key: WaiterKey) -> Claim {
        self.with(|table| table.on_line(name, |line, desk| line.claim(key, desk)))
            .unwrap_or(Claim::NotYet)
    }

    pub(super) fn release(&self, cell: &Arc<HoldCell>, via: Via, mut answer: Option<ReleaseAnswer>) {
        self.with(|table| {
            table.on_line(&cell.name, |line, desk| {
                line.release(cell, via, answer.take(), desk)
            });
            // A name without a line: the hold was lost long ago.
            table
                .desk
                .effects
                .answers
                .extend(answer.take().map(|answer| (answer, Ok(Released::WasLost))));
        });
    }

    /// Wakes `waker` at a moment of the engine's clock, or a little later; also when the engine has ended.
    pub(super) fn alarm(&self, at: Moment, waker: &Waker) {
        self.with(|table| {
            table.desk.alarms.push((at, waker.clone()));
            table.desk.effects.look_again(at);
        });
    }

    /// Does what is due; says when to look again.
    pub(super) fn tick(&self) -> Moment {
        let mut table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.clock.now();
        table.desk.now = now;
        let names: Vec<LockName> = table.lines.keys().cloned().collect();
        for name in names {
            table.on_line(&name, Line::drive);
        }
        table.drive_undos();
        table.desk.ring();
        let unanswered = !table.desk.under_way.is_empty();
        let mut effects = std::mem::take(&mut table.desk.effects);
        drop(table);
        if unanswered {
            effects.look_again(now + LONGEST_TICK);
        }
        let due = std::mem::replace(&mut effects.due, Moment::NEVER);
        let lost = self.events.take_dropped();
        if lost > 0 {
            effects.events.push(Event::Warning {
                message: format!("{lost} lock events were dropped: the log is too slow"),
            });
        }
        self.carry_out(effects);
        self.backend.tick(now);
        due
    }

    /// Refuses new callers and fails the waiting ones.
    pub(super) fn close(&self) {
        self.with(|table| {
            table.closed = true;
            let names: Vec<LockName> = table.lines.keys().cloned().collect();
            for name in names {
                table.on_line(&name, |line, desk| {
                    for waiter in std::mem::take(&mut line.waiters) {
                        let key = waiter.key;
                        waiter.fail(
                            LockError::ShutDown {
                                key: line.name.to_string(),
                            },
                            &mut desk.effects,
                        );
                        line.offer_again_if_to(key, desk);
                    }
                    line.drive(desk);
                });
            }
        });
    }

    /// The engine has ended, however it did: nothing is renewed any more, so nothing is held any more.
    pub(super) fn die(&self) {
        self.with(|table| {
            table.closed = true;
            let Table { lines, desk, .. } = table;
            for line in lines.values_mut() {
                line.fail_all(desk, |name| LockError::ShutDown {
                    key: name.to_string(),
                });
            }
            lines.clear();
            desk.effects
                .wakers
                .extend(desk.alarms.drain(..).map(|(_, waker)| waker));
            desk.undos.clear();
            desk.under_way.clear();
        });
    }

    /// What is still held, and what is not confirmed as freed.
    pub(super) fn report(&self) -> ShutdownReport {
        self.with(|table| {
            let held = table.lines.values().filter(|line| {
                matches!(line.stay.as_ref().map(|stay| &stay.phase), Some(Phase::Owned(owned)) if owned.holding().is_some())
            });
            let mut unconfirmed: Vec<_> = table.desk.undos.values().map(|undo| undo.name.clone()).collect();
            // A stay that nobody uses ends with its answer, which may be under way.
            let open = table.lines.values().filter(|line| {
                line.stay.as_ref().is_some_and(|stay| match &stay.phase {
                    Phase::Owned(owned) => owned.holding().is_none(),
                    _ => true,
                })
            });
            unconfirmed.extend(open.map(|line| line.name.clone()));
            ShutdownReport { still_held: held.map(|line| line.name.clone()).collect(), unconfirmed }
        })
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
            let stay = table.lines.get(name).and_then(|line| line.stay.as_ref());
            table.desk.undos.contains_key(id) || stay.is_some_and(|stay| stay.id == *id)
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

impl Table {
    /// Changes the line of `name`, if there is one, and forgets it if nothing is left of it.
    fn on_line<R>(&mut self, name: &LockName, change: impl FnOnce(&mut Line, &mut Desk) -> R) -> Option<R> {
        let line = self.lines.get_mut(name)?;
        let result = change(line, &mut self.desk);
        self.drop_if_idle(name);
        Some(result)
    }

    fn drop_if_idle(&mut self, name: &LockName) {
        if self.lines.get(name).is_some_and(Line::is_idle) {
            self.lines.remove(name);
        }
    }

    fn answer(&mut self, seq: u64, answer: Answer) {
        if let Answer::Reply { sent, server_ms, .. } = &answer {
            self.desk.server_clock.heard(*sent, *server_ms);
        }
        match self.desk.under_way.remove(&seq) {
            Some(Addressee::Line(name)) => {
                self.on_line(&name, |line, desk| line.answered(seq, answer, desk));
            }
            Some(Addressee::Undo(id)) => {
                let Some(mut undo) = self.desk.undos.remove(&id) else {
                    return;
                };
                let name = undo.name.clone();
                if !undo.answered(answer, &mut self.desk) {
                    undo.drive(&id, Via::Engine, &mut self.desk);
                    self.desk.undos.insert(id.clone(), undo);
                }
                self.on_line(&name, |line, desk| line.closed(&id, desk));
            }
            // Given up on, or not ours.
            None => {}
        }
    }

    fn drive_undos(&mut self) {
        let now = self.desk.now;
        for id in self.desk.undos.keys().cloned().collect::<Vec<_>>() {
            let Some(mut undo) = self.desk.undos.remove(&id) else {
                continue;
            };
            if undo.is_over(now) {
                self.on_line(&undo.name, |line, desk| line.closed(&id, desk));
                continue;
            }
            undo.drive(&id, Via::Engine, &mut self.desk);
            self.desk.undos.insert(id, undo);
        }
    }
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
            if let Some(name) = table.desk.awaited.get(&grant.hex).cloned() {
                table.on_line(&name, |line, desk| line.granted(&grant, desk));
            }
        });
    }

    fn server_time(&self, sent: Moment, server_ms: u64) {
        self.with(|table| table.desk.server_clock.heard(sent, server_ms));
    }

    fn listening(&self, listening: bool) {
        // Grants pushed while nobody listened are found by the next refresh; nothing relies on a message alone.
        if listening {
            self.wake_up.now();
        }
    }
}
