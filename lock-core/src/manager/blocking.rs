//! The blocking twins of a request's final methods. They travel on the engine's connection, since the caller's runtime,
//! if there is one, stands still meanwhile.

use std::time::Duration;

use super::request::some_unless_busy;
use super::{LockGuard, LockRequest};
use crate::backend::Via;
use crate::engine::block_on;
use crate::error::LockError;
use crate::run::run_body_blocking;

impl LockRequest {
    /// [`acquire`](Self::acquire) for plain threads. Blocks the thread: in an async context use `acquire`, or every task of
    /// this thread waits too, perhaps the holder among them.
    ///
    /// # Errors
    /// As [`acquire`](Self::acquire).
    pub fn acquire_blocking(self) -> Result<LockGuard, LockError> {
        let asked = self.asked();
        Ok(LockGuard::new(block_on(self.enter(Via::Engine))?, asked))
    }

    /// [`try_acquire`](Self::try_acquire) for plain threads.
    ///
    /// # Errors
    /// As [`try_acquire`](Self::try_acquire).
    pub fn try_acquire_blocking(self) -> Result<Option<LockGuard>, LockError> {
        some_unless_busy(self.wait(Duration::ZERO).acquire_blocking())
    }

    /// [`run`](Self::run) for plain threads. A running thread can't be cancelled: a body that ends after its lease is
    /// reported as lost and finished.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub fn run_blocking<R>(self, body: impl FnOnce() -> R) -> Result<R, LockError> {
        let on_lost = self.on_lost;
        let entry = block_on(self.enter(Via::Engine))?;
        run_body_blocking(entry, on_lost, body, |_| false)
    }
}
