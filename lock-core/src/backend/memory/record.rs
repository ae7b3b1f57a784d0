//! What is known of one lock.

use super::queue::Queue;
use crate::backend::HoldId;

/// The record of one lock. One without owner and waiters does not exist on a server: see [`is_empty`](Self::is_empty).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Record {
    /// The highest fence that a grant, or the floor of a reply, ever named while this record existed.
    pub(crate) last: u64,
    pub(crate) owner: Option<Owner>,
    pub(crate) queue: Queue,
}

/// Who holds the lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Owner {
    pub(crate) id: HoldId,
    pub(crate) fence: u64,
    /// Server time in ms. The lease is over when the clock shows this, not a millisecond later.
    pub(crate) deadline_ms: u64,
}

impl Record {
    /// Whether nobody has or wants the lock: a server keeps no key for it then.
    pub(crate) fn is_empty(&self) -> bool {
        self.owner.is_none() && self.queue.is_empty()
    }

    /// Whether every deadline in it is over, so that a server has let it expire.
    pub(crate) fn is_over(&self, now_ms: u64) -> bool {
        let owner = self.owner.as_ref().map_or(0, |owner| owner.deadline_ms);
        now_ms >= owner.max(self.queue.latest_beat_ms())
    }

    /// The owner's lease left, rounded up (who waits for its end must not come early), and its record.
    pub(crate) fn holder(&self, now_ms: u64) -> (u64, Option<String>) {
        match &self.owner {
            Some(owner) => (owner.deadline_ms.saturating_sub(now_ms), Some(owner.id.record().to_owned())),
            None => (0, None),
        }
    }
}
