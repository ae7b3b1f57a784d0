//! A lock held by hand.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::engine::{Released, block_on};
use crate::error::{BodyOutcome, LockError};
use crate::name::LockName;
use crate::run::{Entry, Frame, Held, with_frame};

/// A lock held by hand, renewed until it is released or dropped.
///
/// A guard is a value, not a scope: a call that comes while it lives does not know of it and would wait for it, even in the
/// same task, unless it runs inside [`scope`](Self::scope). Dropping it frees the lock without blocking, from anywhere: outside a runtime, in a panic, while
/// a runtime shuts down.
#[must_use = "the lock is freed as soon as the guard is dropped"]
pub struct LockGuard(Entry);

impl LockGuard {
    pub(super) fn new(entry: Entry) -> Self {
        Self(entry)
    }

    /// The lock's full name.
    #[must_use]
    pub fn name(&self) -> &LockName {
        &self.0.cell().name
    }

    /// The fencing token; see [`Held::token`].
    #[must_use]
    pub fn token(&self) -> u64 {
        self.0.cell().token
    }

    /// How long the lock is certain to be held if nothing renews it; zero once it is lost.
    #[must_use]
    pub fn remaining(&self) -> Duration {
        self.0.cell().remaining()
    }

    /// Whether the lease has ended.
    #[must_use]
    pub fn is_lost(&self) -> bool {
        self.0.cell().is_lost()
    }

    /// Ready once the lock is lost.
    ///
    /// # Cancel safety
    /// Safe to drop and to call again.
    pub async fn lost(&self) {
        self.0.cell().lost().await;
    }

    /// A view to hand out.
    #[must_use]
    pub fn held(&self) -> Held {
        Held::new(self.0.place())
    }

    /// Runs `future` inside this hold: nested calls on the same name join it. Unlike the attribute it does not cancel
    /// the future when the lock is lost.
    ///
    /// # Cancel safety
    /// That of `future`; the guard stays.
    pub async fn scope<F: Future>(&self, future: F) -> F::Output {
        with_frame(Some(Frame::new(self.0.place().clone())), future).await
    }

    /// Frees the lock and waits for the server's word, at most the request limit (1 s).
    ///
    /// # Errors
    /// [`LockError::Lost`] if the lease had ended before; [`LockError::Unavailable`] if the server has not confirmed:
    /// it is tried again in the background until the lease is over.
    ///
    /// # Cancel safety
    /// The release is under way when this is first polled; dropping the future changes nothing.
    pub async fn release(self) -> Result<(), LockError> {
        let cell = Arc::clone(self.0.cell());
        let key = || cell.name.to_string();
        let lost_before = cell.is_lost();
        let since = cell.now();
        match self.0.end().await {
            Ok(Released::Freed | Released::Kept) if !lost_before => Ok(()),
            Ok(_) => Err(LockError::Lost { key: key(), body: BodyOutcome::Finished }),
            Err(fault) => Err(LockError::Unavailable {
                key: key(),
                waited: cell.now().since(since),
                reason: fault.message,
            }),
        }
    }

    /// [`release`](Self::release) for plain threads.
    ///
    /// # Errors
    /// As [`release`](Self::release).
    pub fn release_blocking(self) -> Result<(), LockError> {
        block_on(self.release())
    }
}

impl fmt::Debug for LockGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.held().fmt(f)
    }
}
