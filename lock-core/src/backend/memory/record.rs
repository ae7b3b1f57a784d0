//! What is known of one lock.

use super::queue::Queue;
use super::readers::Readers;
use crate::backend::HoldId;

/// What a silence counts at most, in ms; longer than the waiters of a server that can be reached are ever silent: each
/// refreshes once a second at least.
pub(crate) const LONGEST_SILENCE_MS: u64 = 1_250;

/// The record of one lock. One without holders and waiters does not exist on a server: see [`is_empty`](Self::is_empty).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Record {
    /// The highest fence that a grant, or the floor of a reply, ever named while this record existed.
    pub(crate) last: u64,
    pub(crate) owner: Option<Owner>,
    /// Never any beside an owner.
    pub(crate) readers: Readers,
    /// By the queue's clock, in ms, until when a strict entry may be waiting: the last of their heartbeats, whether or not
    /// the entries are still there.
    pub(crate) strict_until_ms: u64,
    /// Server time in ms until when anybody may be waiting: the last end of a wait, whether or not the waiter is still
    /// there.
    pub(crate) wanted_until_ms: u64,
    /// How far the queue's clock, by which heartbeats end, is behind the server's: what did not count of the silences
    /// until [`last`](Self::last).
    pub(crate) behind_ms: u64,
    pub(crate) queue: Queue,
}

/// Who holds the lock, alone or as one of several readers.
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
        self.owner.is_none() && self.readers.is_empty() && self.queue.is_empty()
    }

    /// When the last that it holds ends, in ms of server time: the key lives at least until then.
    pub(crate) fn last_ms(&self) -> u64 {
        let owner = self.owner.as_ref().map_or(0, |owner| owner.deadline_ms);
        let wanted = if self.queue.is_empty() { 0 } else { self.wanted_until_ms };
        owner.max(self.readers.latest_ms()).max(wanted)
    }

    /// How much of the silence since anybody was last heard here does not count, in ms: all but the first
    /// [`LONGEST_SILENCE_MS`], while somebody may be waiting.
    pub(crate) fn silence_ms(&self, now_ms: u64) -> u64 {
        if self.queue.is_empty() || now_ms >= self.wanted_until_ms {
            return 0;
        }
        now_ms.saturating_sub(self.last / 1000).saturating_sub(LONGEST_SILENCE_MS)
    }

    /// Whether every deadline in it is over, so that a server has let it expire.
    pub(crate) fn is_over(&self, now_ms: u64) -> bool {
        now_ms >= self.last_ms()
    }

    /// The lease left of the owner, or of the reader who has most of it, rounded up (who waits for its end must not come
    /// early), and its record.
    pub(crate) fn holder(&self, now_ms: u64) -> (u64, Option<String>) {
        match self.owner.as_ref().or_else(|| self.readers.latest()) {
            Some(holder) => (holder.deadline_ms.saturating_sub(now_ms), Some(holder.id.record().to_owned())),
            None => (0, None),
        }
    }
}
