//! The engine's table: all names, and what they share.

use super::desk::{Addressee, Desk, Map};
use super::line::Line;
use super::line_key::LineKey;
use super::neighbours::Neighbours;
use super::raise::has_raised;
use super::rules::LONGEST_TICK;
use super::schedule::Schedule;
use super::waiter::Want;
use crate::backend::{Answer, Via};
use crate::clock::Moment;
use crate::error::LockError;
use crate::name::LockName;

/// Everything behind the engine's one lock.
pub(super) struct Table {
    pub(super) lines: Map<LineKey, Line>,
    pub(super) desk: Desk,
    schedule: Schedule,
    /// New callers are refused.
    pub(super) is_closed: bool,
    /// Nothing happens any more.
    pub(super) has_ended: bool,
}

impl Table {
    pub(super) fn new(desk: Desk) -> Self {
        Self {
            lines: Map::default(),
            desk,
            schedule: Schedule::default(),
            is_closed: false,
            has_ended: false,
        }
    }

    /// Where a caller who comes now will stand.
    pub(super) fn line_for(&mut self, want: &Want) -> LineKey {
        let name = want.name.clone();
        if !want.claim.strict && want.claim.replaces.is_none() {
            return LineKey::shared(name);
        }
        let own = self.desk.number();
        LineKey { name, own }
    }

    /// Whether somebody in this process holds that name at present.
    pub(super) fn holds(&self, name: &LockName) -> bool {
        let own = self.desk.neighbours.of(name).iter().copied();
        std::iter::once(0).chain(own).any(|own| {
            let key = LineKey { name: name.clone(), own };
            self.lines.get(&key).is_some_and(Line::is_held)
        })
    }

    /// Changes the line, made for the purpose if there is none.
    pub(super) fn on_new_line<R>(
        &mut self,
        key: &LineKey,
        change: impl FnOnce(&mut Line, &mut Desk) -> R,
    ) -> R {
        if !key.is_shared() {
            self.desk.neighbours.add(&key.name, key.own);
        }
        let line = self.lines.entry(key.clone()).or_insert_with_key(|key| Line::new(key.clone()));
        let result = change(line, &mut self.desk);
        self.after_change(key);
        self.tell_neighbours();
        result
    }

    /// Changes the line, if there is one.
    pub(super) fn on_line<R>(
        &mut self,
        key: &LineKey,
        change: impl FnOnce(&mut Line, &mut Desk) -> R,
    ) -> Option<R> {
        let line = self.lines.get_mut(key)?;
        let result = change(line, &mut self.desk);
        self.after_change(key);
        self.tell_neighbours();
        Some(result)
    }

    /// Forgets the line if nothing is left of it; else it is looked at next time.
    fn after_change(&mut self, key: &LineKey) {
        let Some(line) = self.lines.get_mut(key) else {
            return;
        };
        if !line.is_idle() {
            return self.schedule.list(line);
        }
        self.remove(key);
    }

    fn remove(&mut self, key: &LineKey) {
        if let Some(mut line) = self.lines.remove(key) {
            self.schedule.forget(&line);
            line.is_going(false, &mut self.desk);
        }
        if !key.is_shared() {
            self.desk.neighbours.remove(&key.name, key.own);
        }
    }

    /// What a change in one line means for the others of its name.
    fn tell_neighbours(&mut self) {
        while let Some(name) = self.desk.neighbours.take_freed() {
            self.on_lines_of(&name, |line, desk| {
                if line.tries_once() {
                    line.drive(desk);
                }
            });
        }
        while let Some(name) = self.desk.neighbours.take_slept() {
            self.on_lines_of(&name, Line::doubt);
        }
    }

    fn on_lines_of(&mut self, name: &LockName, mut change: impl FnMut(&mut Line, &mut Desk)) {
        let own = self.desk.neighbours.of(name).to_vec();
        for own in std::iter::once(0).chain(own) {
            let key = LineKey { name: name.clone(), own };
            if let Some(line) = self.lines.get_mut(&key) {
                change(line, &mut self.desk);
                self.after_change(&key);
            }
        }
    }

    /// Changes every line.
    pub(super) fn on_all_lines(&mut self, mut change: impl FnMut(&mut Line, &mut Desk)) {
        for key in self.lines.keys().cloned().collect::<Vec<_>>() {
            self.on_line(&key, &mut change);
        }
    }

    /// Does what is due. When to look again is left in the effects.
    pub(super) fn tick(&mut self) {
        for key in self.schedule.take_due(self.desk.now) {
            self.look_at(&key);
        }
        self.drive_undos();
        self.desk.ring();
        self.desk.effects.look_again(self.schedule.next());
        // Timers don't count the time of a suspend, and the backend ends requests only when it is told the time: so the
        // clock itself is read often. One that is moved by hand needs neither.
        let is_busy = !self.lines.is_empty() || !self.desk.under_way.is_empty();
        if is_busy && self.desk.clock.is_real() {
            let soon = self.desk.now + LONGEST_TICK;
            self.desk.effects.look_again(soon);
        }
    }

    fn look_at(&mut self, key: &LineKey) {
        let Some(line) = self.lines.get_mut(key) else {
            return;
        };
        let others = std::mem::replace(&mut self.desk.effects.due, Moment::NEVER);
        line.drive(&mut self.desk);
        let due = std::mem::replace(&mut self.desk.effects.due, others);
        if line.is_idle() {
            self.remove(key);
        } else {
            self.schedule.put(line, self.desk.now, due);
        }
        self.tell_neighbours();
    }

    fn drive_undos(&mut self) {
        let now = self.desk.now;
        for id in self.desk.undos.keys().cloned().collect::<Vec<_>>() {
            let Some(mut undo) = self.desk.undos.remove(&id) else {
                continue;
            };
            if undo.is_over(now) {
                undo.unconfirmed(&mut self.desk);
                self.on_line(&undo.line, |line, desk| line.closed(&id, desk));
                continue;
            }
            undo.drive(&id, Via::Engine, &mut self.desk);
            self.desk.undos.insert(id, undo);
        }
    }

    pub(super) fn answer(&mut self, seq: u64, answer: Answer) {
        if let Answer::Reply { sent, server_ms, generation, .. } = &answer {
            self.desk.server_clock.heard(generation, *sent, *server_ms);
        }
        match self.desk.under_way.remove(&seq) {
            Some(Addressee::Line(key)) => {
                self.on_line(&key, |line, desk| line.answered(seq, answer, desk));
            }
            Some(Addressee::Undo(id)) => {
                let Some(mut undo) = self.desk.undos.remove(&id) else {
                    return;
                };
                let key = undo.line.clone();
                if !undo.answered(answer, &mut self.desk) {
                    undo.drive(&id, Via::Engine, &mut self.desk);
                    self.desk.undos.insert(id.clone(), undo);
                }
                // Copies that may run yet are not waited for: whoever asks then queues behind them until they are undone.
                self.on_line(&key, |line, desk| line.closed(&id, desk));
            }
            Some(Addressee::Raise) => {
                let raised = self.desk.raises.remove(&seq);
                self.desk.effects.extended.extend(raised.map(|to| (to, has_raised(&answer))));
            }
            // Given up on, or not ours.
            None => {}
        }
    }

    /// Nothing is renewed any more, so nothing is held any more, and nobody has to wait.
    pub(super) fn end(&mut self) {
        (self.is_closed, self.has_ended) = (true, true);
        let Self { lines, desk, .. } = self;
        for line in lines.values_mut() {
            line.fail_all(desk, |name| LockError::ShutDown { key: name.to_string(), body: None });
        }
        for mut undo in std::mem::take(&mut desk.undos).into_values() {
            undo.unconfirmed(desk);
        }
        let alarms = desk.alarms.ring_all();
        desk.effects.wakers.extend(alarms);
        desk.under_way.clear();
        desk.raises.clear();
        desk.awaited.clear();
        desk.neighbours = Neighbours::default();
        self.schedule.clear();
        self.lines.clear();
    }
}
