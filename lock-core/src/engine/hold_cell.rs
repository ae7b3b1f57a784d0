//! What a holder can read of its hold without asking anybody.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use super::line_key::LineKey;
use super::listeners::Listeners;
use super::rules::own_fence;
use crate::clock::{Clock, Moment};
use crate::name::LockName;

const HELD: u8 = 0;
const LOST: u8 = 1;
const CLOSED: u8 = 2;
/// Lost for its holder, since the manager was shut down; at the server it is still there.
const STOPPED: u8 = 3;

/// One hold as its holder sees it. The engine writes `valid_until`; everybody reads it against the clock.
///
/// Loss is read, not only signalled. What could go wrong: a reader sees the lease over, and a renewal's late answer then
/// revives it. It can't: whoever first sees the lease over makes the state lost, which is terminal, and the engine looks
/// at the state again after every extension.
pub(crate) struct HoldCell {
    pub(crate) name: LockName,
    /// Which of the engine's lines for that name it is held in.
    pub(super) own: u64,
    pub(crate) token: u64,
    clock: Arc<dyn Clock>,
    valid_until_nanos: AtomicU64,
    /// It is not to be free before this, however early it is released.
    keep_until_nanos: AtomicU64,
    state: AtomicU8,
    listeners: Listeners,
}

impl HoldCell {
    pub(super) fn new(line: LineKey, token: u64, valid_until: Moment, clock: Arc<dyn Clock>) -> Self {
        Self {
            name: line.name,
            own: line.own,
            token,
            clock,
            valid_until_nanos: AtomicU64::new(nanos(valid_until)),
            keep_until_nanos: AtomicU64::new(0),
            state: AtomicU8::new(HELD),
            listeners: Listeners::default(),
        }
    }

    pub(super) fn line(&self) -> LineKey {
        LineKey { name: self.name.clone(), own: self.own }
    }

    /// The server's number for this hold; `None` where it was passed on within the process, and so is not its own.
    pub(crate) fn own_fence(&self) -> Option<u64> {
        own_fence(self.token)
    }

    pub(crate) fn now(&self) -> Moment {
        self.clock.now()
    }

    pub(crate) fn valid_until(&self) -> Moment {
        Moment::new(Duration::from_nanos(self.valid_until_nanos.load(Ordering::SeqCst)))
    }

    /// Until when it is not to be free, however early it is released.
    pub(crate) fn keep_until(&self) -> Moment {
        Moment::new(Duration::from_nanos(self.keep_until_nanos.load(Ordering::SeqCst)))
    }

    /// The later of two wishes counts.
    pub(super) fn keep(&self, until: Moment) {
        self.keep_until_nanos.fetch_max(nanos(until), Ordering::SeqCst);
    }

    /// The lease left; zero once lost.
    pub(crate) fn remaining(&self) -> Duration {
        if self.is_lost() { Duration::ZERO } else { self.valid_until().since(self.now()) }
    }

    /// Whether the lease has ended, by the clock or by the engine's word. A closed hold is not lost.
    pub(crate) fn is_lost(&self) -> bool {
        match self.state.load(Ordering::SeqCst) {
            HELD => self.now() >= self.valid_until() && self.lose(),
            state => state == LOST || state == STOPPED,
        }
    }

    /// Whether it was ended by [`stop`](Self::stop), while its lease stood.
    pub(crate) fn is_stopped(&self) -> bool {
        self.state.load(Ordering::SeqCst) == STOPPED
    }

    /// Whether it is held at present: neither lost nor closed.
    pub(crate) fn is_held(&self) -> bool {
        self.state.load(Ordering::SeqCst) == HELD && !self.is_lost()
    }

    /// The engine's word that `valid_until` has moved. Says whether the hold still stands.
    pub(super) fn extend(&self, valid_until: Moment) -> bool {
        if self.is_lost() {
            return false;
        }
        self.valid_until_nanos.store(nanos(valid_until), Ordering::SeqCst);
        !self.is_lost()
    }

    /// Makes it lost unless it is closed; says whether it is lost now. Wakers are the caller's to wake.
    pub(super) fn lose(&self) -> bool {
        match self.state.compare_exchange(HELD, LOST, Ordering::SeqCst, Ordering::SeqCst) {
            Ok(_) => true,
            Err(state) => state == LOST,
        }
    }

    /// Makes it lost for its holder because the manager was shut down; says whether it was held until now. Wakers are the caller's
    /// to wake.
    pub(super) fn stop(&self) -> bool {
        !self.is_lost()
            && self.state.compare_exchange(HELD, STOPPED, Ordering::SeqCst, Ordering::SeqCst).is_ok()
    }

    /// Makes it closed unless it is lost; says whether it was held until now.
    pub(super) fn close(&self) -> bool {
        !self.is_lost()
            && self.state.compare_exchange(HELD, CLOSED, Ordering::SeqCst, Ordering::SeqCst).is_ok()
    }

    /// Those who wait for the loss.
    pub(super) fn take_wakers(&self) -> Vec<Waker> {
        self.listeners.take()
    }

    /// A future that is ready once the lease is lost. A closed hold never becomes lost.
    pub(crate) fn lost(self: &Arc<Self>) -> Lost {
        Lost { cell: Arc::clone(self), number: None }
    }
}

/// See [`HoldCell::lost`].
pub(crate) struct Lost {
    cell: Arc<HoldCell>,
    /// Its number among the listeners, once it listens.
    number: Option<u64>,
}

impl Future for Lost {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.cell.is_lost() {
            return Poll::Ready(());
        }
        let number = self.cell.listeners.listen(self.number, context.waker());
        self.number = Some(number);
        // The engine loses first and then takes the wakers: whichever came first, one of the two sees the other.
        if self.cell.is_lost() { Poll::Ready(()) } else { Poll::Pending }
    }
}

impl Drop for Lost {
    fn drop(&mut self) {
        self.cell.listeners.forget(self.number);
    }
}

fn nanos(moment: Moment) -> u64 {
    u64::try_from(moment.since_zero().as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::memory::ManualClock;

    const LEASE: Duration = Duration::from_secs(1);

    fn cell(clock: &ManualClock) -> Arc<HoldCell> {
        let line = LineKey::shared(LockName::new("LOCK:a"));
        Arc::new(HoldCell::new(line, 1, clock.now() + LEASE, Arc::new(clock.clone())))
    }

    /// After a suspend the holder's task may run before the engine's thread does.
    #[test]
    fn the_end_of_a_lease_is_read_before_anybody_tells_it() {
        let clock = ManualClock::new();
        let cell = cell(&clock);
        clock.advance(LEASE - Duration::from_nanos(1));
        assert!(cell.is_held() && !cell.is_lost());
        clock.advance(Duration::from_nanos(1));
        assert!(cell.is_lost() && !cell.is_held());
        assert_eq!(cell.remaining(), Duration::ZERO);
    }

    #[test]
    fn a_lease_that_was_seen_to_be_over_is_not_revived() {
        let clock = ManualClock::new();
        for reader_was_first in [false, true] {
            let cell = cell(&clock);
            clock.advance(LEASE);
            assert!(!reader_was_first || cell.is_lost());
            assert!(!cell.extend(clock.now() + LEASE), "the answer came too late");
            assert!(cell.is_lost() && !cell.close());
        }
    }
}
