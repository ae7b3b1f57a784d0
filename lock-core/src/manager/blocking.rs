//! The blocking twins of a request's final methods. They travel on the engine's connection, since the caller's runtime,
//! if there is one, stands still meanwhile.

use std::panic::Location;
use std::time::Duration;

use super::request::some_unless_busy;
use super::{LockGuard, LockRequest};
use crate::backend::Via;
use crate::engine::block_on;
use crate::error::LockError;
use crate::run::{run_body_blocking, warn_of_blocking};

impl LockRequest {
    /// [`acquire`](Self::acquire) for plain threads. Blocks the thread: in an async context use `acquire`, or every task of
    /// this thread waits too, perhaps the holder among them. Called there it warns in the log, once for each place in the
    /// source, and so do its siblings; in `spawn_blocking` and `block_in_place` all is well.
    ///
    /// # Errors
    /// As [`acquire`](Self::acquire).
    #[track_caller]
    pub fn acquire_blocking(self) -> Result<LockGuard, LockError> {
        warn_of_blocking("`acquire_blocking`", "write `.acquire().await`", Location::caller());
        let asked = self.asked();
        Ok(LockGuard::new(block_on(self.enter(Via::Engine))?, asked))
    }

    /// [`try_acquire`](Self::try_acquire) for plain threads.
    ///
    /// # Errors
    /// As [`try_acquire`](Self::try_acquire).
    #[track_caller]
    #[must_use = "a guard that is not bound to a name frees the lock at once: write `if let Some(_guard) = ..`"]
    pub fn try_acquire_blocking(self) -> Result<Option<LockGuard>, LockError> {
        warn_of_blocking("`try_acquire_blocking`", "write `.try_acquire().await`", Location::caller());
        let request = self.wait(Duration::ZERO);
        let asked = request.asked();
        some_unless_busy(block_on(request.enter(Via::Engine)).map(|entry| LockGuard::new(entry, asked)))
    }

    /// [`run`](Self::run) for plain threads. A running thread can't be cancelled: a body that ends after its lease is
    /// reported as lost and finished.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    #[track_caller]
    pub fn run_blocking<R>(self, body: impl FnOnce() -> R) -> Result<R, LockError> {
        warn_of_blocking("`run_blocking`", "write `.run(async { .. }).await`", Location::caller());
        let on_lost = self.on_lost;
        let entry = block_on(self.enter(Via::Engine))?;
        run_body_blocking(entry, on_lost, body, |_| false)
    }
}
