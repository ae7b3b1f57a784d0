//! Log lines, emitted away from the engine.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::time::Duration;

/// How many events may wait to be emitted; more are counted and dropped.
const QUEUE: usize = 1024;

/// Something that an operator wants to read.
#[derive(Clone, Debug)]
pub(crate) enum Event {
    /// A lease was lost under its holder.
    Lost { key: String, why: &'static str },
    /// A renewal brought no answer; it is tried again while the lease lasts.
    RenewalFailed { key: String, reason: String, left: Duration },
    /// A release is not confirmed; it is tried again until the lease is over.
    ReleaseUnconfirmed { key: String, reason: String },
    /// A waiter's place in the queue was gone and is asked back.
    PlaceLost { key: String },
    /// What the start-up check found.
    Warning { message: String },
}

impl Event {
    fn emit(self) {
        match self {
            Self::Lost { key, why } => tracing::warn!(lock.key = key, why, "lock lost"),
            Self::RenewalFailed { key, reason, left } => {
                tracing::warn!(lock.key = key, reason, ?left, "lock renewal failed, trying again");
            }
            Self::ReleaseUnconfirmed { key, reason } => {
                tracing::warn!(
                    lock.key = key,
                    reason,
                    "lock release not confirmed, trying again until its lease is over"
                );
            }
            Self::PlaceLost { key } => {
                tracing::debug!(lock.key = key, "place in the lock's queue lost, asked back")
            }
            Self::Warning { message } => tracing::warn!("{message}"),
        }
    }
}

/// Where the engine leaves events.
///
/// What could go wrong: a `tracing` subscriber blocks (a full pipe), the engine with it, and no lease is renewed. It
/// can't: subscribers run on a thread of their own, behind a bounded queue that the engine never waits for.
#[derive(Debug)]
pub(super) struct EventSink {
    queue: SyncSender<Event>,
    dropped: AtomicU64,
}

impl EventSink {
    pub(super) fn new() -> (Self, Receiver<Event>) {
        let (queue, receiver) = sync_channel(QUEUE);
        (Self { queue, dropped: AtomicU64::new(0) }, receiver)
    }

    pub(super) fn put(&self, event: Event) {
        if let Err(TrySendError::Full(_)) = self.queue.try_send(event) {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// How many events were dropped since the last call.
    pub(super) fn take_dropped(&self) -> u64 {
        self.dropped.swap(0, Ordering::Relaxed)
    }
}

/// Emits until the engine is gone; runs on a thread of its own.
pub(super) fn emit_all(receiver: &Receiver<Event>) {
    while let Ok(event) = receiver.recv() {
        event.emit();
    }
}
