//! What a shutdown left behind.

use super::line::Line;
use super::table::Table;
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
            still_held: names(Line::is_held).collect(),
            // A stay that nobody uses ends with its answer, which is under way.
            unconfirmed: undone.chain(names(|line| line.stay.is_some() && !line.is_held())).collect(),
        }
    }
}
