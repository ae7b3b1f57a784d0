//! Who holds one lock beside others.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::record::Owner;
use crate::backend::HoldId;

/// The readers of one lock, each with its own fence and deadline, by the text of its id. Those past their deadline stay
/// until somebody comes by: they count for nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Readers(BTreeMap<String, Owner>);

impl Readers {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// One that comes a second time replaces what it was.
    pub(crate) fn admit(&mut self, reader: Owner) {
        self.0.insert(reader.id.as_str().to_owned(), reader);
    }

    pub(crate) fn remove(&mut self, id: &HoldId) -> Option<Owner> {
        self.0.remove(id.as_str())
    }

    /// The reader with this id, if it is before its deadline.
    pub(crate) fn living(&mut self, id: &HoldId, now_ms: u64) -> Option<&mut Owner> {
        self.0.get_mut(id.as_str()).filter(|reader| now_ms < reader.deadline_ms)
    }

    /// The one whose deadline is the last; of several, the first by its text, as a sorted set orders them.
    pub(crate) fn latest(&self) -> Option<&Owner> {
        self.0.values().min_by_key(|reader| (Reverse(reader.deadline_ms), reader.id.as_str()))
    }

    /// All of them, also those past their deadline.
    #[cfg(test)]
    pub(crate) fn all(&self) -> impl Iterator<Item = &Owner> {
        self.0.values()
    }

    /// When the last of them ends; 0 if there is none.
    pub(crate) fn latest_ms(&self) -> u64 {
        self.latest().map_or(0, |reader| reader.deadline_ms)
    }

    /// Removes all of them if none lives.
    pub(crate) fn end(&mut self, now_ms: u64) {
        if self.latest_ms() <= now_ms {
            self.0.clear();
        }
    }

    /// Removes up to `limit` that are past their deadline, those that died last first; and all of them if none lives.
    pub(crate) fn bury(&mut self, now_ms: u64, limit: usize) {
        self.end(now_ms);
        let mut dead: Vec<_> = self
            .0
            .values()
            .filter(|reader| now_ms >= reader.deadline_ms)
            .map(|reader| (Reverse(reader.deadline_ms), reader.id.as_str().to_owned()))
            .collect();
        dead.sort();
        for (_, id) in dead.into_iter().take(limit) {
            self.0.remove(&id);
        }
    }

    /// How many live, and how many do not.
    #[cfg(all(test, feature = "redis"))]
    pub(crate) fn count(&self, now_ms: u64) -> (usize, usize) {
        let living = self.0.values().filter(|reader| now_ms < reader.deadline_ms).count();
        (living, self.0.len() - living)
    }
}
