//! Waking the engine's thread, as seldom as possible.

use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::Notify;

use crate::clock::Moment;

/// When the thread will look next, and how to make it look earlier. Registering a hold costs a comparison; the thread is
/// woken only if the moment moves forward.
#[derive(Default)]
pub(super) struct WakeUp {
    /// In ns; `u64::MAX` while it is looking or sleeps without a term.
    planned: AtomicU64,
    notify: Notify,
}

impl WakeUp {
    /// It has to look at `due` or before.
    pub(super) fn no_later_than(&self, due: Moment) {
        if due == Moment::NEVER {
            return;
        }
        let due = nanos(due);
        if due < self.planned.fetch_min(due, Ordering::SeqCst) {
            self.notify.notify_one();
        }
    }

    pub(super) fn now(&self) {
        self.planned.store(0, Ordering::SeqCst);
        self.notify.notify_one();
    }

    /// The thread begins to look: whatever comes from now on moves the next term.
    pub(super) fn begin(&self) {
        self.planned.store(u64::MAX, Ordering::SeqCst);
    }

    /// The thread has looked and wants to sleep until `due`; it gets the earlier term that came meanwhile.
    pub(super) fn plan(&self, due: Moment) -> Moment {
        let before = self.planned.fetch_min(nanos(due), Ordering::SeqCst);
        Moment::new(std::time::Duration::from_nanos(before.min(nanos(due))))
    }

    /// When the thread would look next, for the simulation, which has no thread.
    #[cfg(test)]
    pub(super) fn planned(&self) -> Moment {
        Moment::new(std::time::Duration::from_nanos(self.planned.load(Ordering::SeqCst)))
    }

    pub(super) async fn notified(&self) {
        self.notify.notified().await;
    }
}

fn nanos(moment: Moment) -> u64 {
    u64::try_from(moment.since_zero().as_nanos()).unwrap_or(u64::MAX)
}
