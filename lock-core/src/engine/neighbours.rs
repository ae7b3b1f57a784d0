//! What the lines of one name know of each other.

use super::desk::Map;
use crate::name::LockName;

/// The lines that callers have of their own, and the releases under way, by name.
#[derive(Default)]
pub(super) struct Neighbours {
    own: Map<LockName, Vec<u64>>,
    /// Numbers of the releases under way, in the order in which they were sent.
    closing: Map<LockName, Vec<u64>>,
    /// The number of the last release.
    last_closing: u64,
    /// Names of which a release has been answered: whoever tries once may ask now.
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

    /// A release was sent; its number.
    pub(super) fn closing(&mut self, name: &LockName) -> u64 {
        self.last_closing += 1;
        self.closing.entry(name.clone()).or_default().push(self.last_closing);
        self.last_closing
    }

    /// It was answered, or never will be.
    pub(super) fn closed(&mut self, name: &LockName, number: u64) {
        let Some(numbers) = self.closing.get_mut(name) else {
            return;
        };
        numbers.retain(|it| *it != number);
        if numbers.is_empty() {
            self.closing.remove(name);
        }
        if self.own.contains_key(name) {
            self.freed.push(name.clone());
        }
    }

    /// The number of the last release of any name.
    pub(super) fn last_closing(&self) -> u64 {
        self.last_closing
    }

    /// Whether a release up to that number is under way.
    pub(super) fn is_closing(&self, name: &LockName, up_to: u64) -> bool {
        self.closing.get(name).and_then(|numbers| numbers.first()).is_some_and(|first| *first <= up_to)
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
