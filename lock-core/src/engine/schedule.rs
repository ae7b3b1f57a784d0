//! When to look at which name.

use std::collections::BTreeSet;

use super::line::Line;
use super::line_key::LineKey;
use crate::clock::Moment;

/// The names that changed since the last look, and when to look at the others.
///
/// A name that comes and goes between two looks costs one entry in a list: only what lives longer is put in order. A look
/// then costs what is due, not what is held.
#[derive(Default)]
pub(super) struct Schedule {
    changed: Vec<LineKey>,
    later: BTreeSet<(Moment, LineKey)>,
}

impl Schedule {
    /// This line has changed: look at it next time.
    pub(super) fn list(&mut self, line: &mut Line) {
        if !std::mem::replace(&mut line.is_listed, true) {
            self.changed.push(line.key.clone());
        }
    }

    /// Takes out what is to be looked at now.
    pub(super) fn take_due(&mut self, now: Moment) -> Vec<LineKey> {
        let mut names = std::mem::take(&mut self.changed);
        while let Some((at, name)) = self.later.pop_first() {
            if at > now {
                self.later.insert((at, name));
                break;
            }
            names.push(name);
        }
        names
    }

    /// This line was looked at `now`, and wants to be again at `due`.
    pub(super) fn put(&mut self, line: &mut Line, now: Moment, due: Moment) {
        line.is_listed = false;
        if line.scheduled <= now {
            // Taken out when it fell due.
            line.scheduled = Moment::NEVER;
        }
        if line.scheduled == due {
            return;
        }
        if line.scheduled != Moment::NEVER {
            self.later.remove(&(line.scheduled, line.key.clone()));
        }
        line.scheduled = due;
        if due != Moment::NEVER {
            self.later.insert((due, line.key.clone()));
        }
    }

    /// This line is gone.
    pub(super) fn forget(&mut self, line: &Line) {
        if line.scheduled != Moment::NEVER {
            self.later.remove(&(line.scheduled, line.key.clone()));
        }
    }

    pub(super) fn next(&self) -> Moment {
        self.later.first().map_or(Moment::NEVER, |(at, _)| *at)
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }
}
