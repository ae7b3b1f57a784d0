//! What the lines of one name know of each other.

use super::desk::Map;
use crate::name::LockName;

/// The lines that callers have of their own, and the releases under way, by name.
#[derive(Default)]
pub(super) struct Neighbours {
    own: Map<LockName, Vec<u64>>,
    closing: Map<LockName, usize>,
    /// Names without a release under way any more: whoever tried once may ask now.
    freed: Vec<LockName>,
    /// Names of which a caller let its grant run out.
    slept: Vec<LockName>,
}

impl Neighbours {
    /// A line of a caller's own begins.
    pub(super) fn add(&mut self, name: &LockName, own: u64) {
        self.own.entry(name.clone()).or_default().push(own);
    }

    /// It is gone.
    pub(super) fn remove(&mut self, name: &LockName, own: u64) {
        if let Some(lines) = self.own.get_mut(name) {
            lines.retain(|line| *line != own);
            if lines.is_empty() {
                self.own.remove(name);
            }
        }
    }

    /// The callers who have a line of their own for that name, in the order in which they came.
    pub(super) fn of(&self, name: &LockName) -> &[u64] {
        self.own.get(name).map_or(&[], Vec::as_slice)
    }

    /// A release was sent.
    pub(super) fn closing(&mut self, name: &LockName) {
        *self.closing.entry(name.clone()).or_default() += 1;
    }

    /// It was answered, or never will be.
    pub(super) fn closed(&mut self, name: &LockName) {
        let Some(count) = self.closing.get_mut(name) else {
            return;
        };
        *count -= 1;
        if *count == 0 {
            self.closing.remove(name);
            if self.own.contains_key(name) {
                self.freed.push(name.clone());
            }
        }
    }

    pub(super) fn is_closing(&self, name: &LockName) -> bool {
        self.closing.contains_key(name)
    }

    /// A caller let its grant run out.
    pub(super) fn slept(&mut self, name: &LockName) {
        self.slept.push(name.clone());
    }

    pub(super) fn take_freed(&mut self) -> Option<LockName> {
        self.freed.pop()
    }

    pub(super) fn take_slept(&mut self) -> Option<LockName> {
        self.slept.pop()
    }
}
