//! What a shutdown left behind.

use super::line::Line;
use super::table::Table;
use crate::name::LockName;

/// What a shutdown left behind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ShutdownReport {
    /// Names whose holders were told to stop, since their time was over, and did: their bodies were dropped at an await, and the
    /// locks are free.
    pub cancelled: Vec<LockName>,
    /// Names that were still held at the end; the server frees them when their lease is over.
    pub still_held: Vec<LockName>,
    /// Names whose release the server has not confirmed; it frees them when their lease is over.
    pub unconfirmed: Vec<LockName>,
}

impl ShutdownReport {
    /// Whether all that was held ended by itself, and is free.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.cancelled.is_empty() && self.nothing_is_left()
    }

    /// Whether nothing is held, and no release under way.
    pub(crate) fn nothing_is_left(&self) -> bool {
        self.still_held.is_empty() && self.unconfirmed.is_empty()
    }

    /// With those of `told`, who were told to stop, that hold nothing any more.
    pub(crate) fn with_cancelled(mut self, told: Vec<LockName>) -> Self {
        let mut gone = told;
        gone.retain(|name| !self.still_held.contains(name) && !self.unconfirmed.contains(name));
        self.cancelled = gone;
        self
    }

    /// What several engines left, each name once.
    pub(crate) fn merged(reports: impl Iterator<Item = Self>) -> Self {
        let mut all = reports.fold(Self::default(), |mut all, one| {
            all.still_held.extend(one.still_held);
            all.unconfirmed.extend(one.unconfirmed);
            all
        });
        for names in [&mut all.still_held, &mut all.unconfirmed] {
            names.sort();
            names.dedup();
        }
        all
    }

    pub(super) fn of(table: &Table) -> Self {
        let names = |choose: fn(&Line) -> bool| {
            table.lines.values().filter(move |line| choose(line)).map(|line| line.key.name.clone())
        };
        let undone = table.desk.undos.values().map(|undo| undo.line.name.clone());
        Self {
            cancelled: Vec::new(),
            still_held: names(Line::is_held).collect(),
            // A stay that nobody uses ends with its answer, which is under way.
            unconfirmed: undone.chain(names(|line| line.stay.is_some() && !line.is_held())).collect(),
        }
    }
}
