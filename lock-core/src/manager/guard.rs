//! A lock held by hand.

use std::fmt;
use std::time::Duration;

use crate::backend::Via;
use crate::engine::{Released, block_on};
use crate::error::{BodyOutcome, LockError};
use crate::name::LockName;
use crate::params::LockKind;
use crate::run::{Entry, Frame, Held, downgrade, with_frame};

/// A lock held by hand, renewed until it is released or dropped.
///
/// A guard is a value, not a scope: a call that comes while it lives does not know of it and would wait for it, even in the
/// same task, unless it runs inside [`scope`](Self::scope). Dropping it frees the lock without blocking, from anywhere: outside a runtime, in a panic, while
/// a runtime shuts down.
#[must_use = "the lock is freed as soon as the guard is dropped"]
pub struct LockGuard(Entry, Asked);

/// How it was asked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked {
    pub(super) kind: LockKind,
    pub(super) expire: Duration,
    pub(super) renew: bool,
}

impl LockGuard {
    pub(super) fn new(entry: Entry, asked: Asked) -> Self {
        Self(entry, asked)
    }

    /// The lock's full name; of several, the first.
    #[must_use]
    pub fn name(&self) -> &LockName {
        self.0.place().name()
    }

    /// All its names, in the order in which they were taken.
    #[must_use]
    pub fn names(&self) -> Vec<LockName> {
        self.held().names()
    }

    /// The fencing token; see [`Held::token`].
    #[must_use]
    pub fn token(&self) -> u64 {
        self.held().token()
    }

    /// Each name with its token; see [`Held::tokens`].
    #[must_use]
    pub fn tokens(&self) -> Vec<(LockName, u64)> {
        self.held().tokens()
    }

    /// The token of that full name; see [`Held::token_of`].
    #[must_use]
    pub fn token_of(&self, name: impl AsRef<str>) -> Option<u64> {
        self.0.lease().token_of(name.as_ref())
    }

    /// How long the lock, and of several each, is certain to be held if nothing renews it; zero once it is lost.
    #[must_use]
    pub fn remaining(&self) -> Duration {
        self.0.lease().remaining()
    }

    /// Whether the lease has ended. Of several names one lost is all lost.
    #[must_use]
    pub fn is_lost(&self) -> bool {
        self.0.lease().is_lost()
    }

    /// Ready once the lock is lost.
    ///
    /// # Cancel safety
    /// Safe to drop and to call again.
    pub async fn lost(&self) {
        self.0.lease().lost().await;
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

    /// Turns a write lock into a read lock, with no writer in between: other readers come in, and this guard goes on as one of
    /// them, with a token of its own. So a writer can go on reading what it has written.
    ///
    /// For the kinds that one holder has alone: `write`, `fair`, `reentrant`. The way back does not exist: two readers that
    /// both want to write would wait for each other.
    ///
    /// # Errors
    /// In every case the lock is free then. [`LockError::Params`] for other kinds, and for a guard that joined a hold around
    /// it; [`LockError::Lost`] if the lease had ended; otherwise as [`LockRequest::acquire`](super::LockRequest::acquire).
    ///
    /// # Cancel safety
    /// Dropping the future frees the lock.
    pub async fn downgrade(self) -> Result<Self, LockError> {
        self.downgrade_via(Via::Caller).await
    }

    /// [`downgrade`](Self::downgrade) for plain threads.
    ///
    /// # Errors
    /// As [`downgrade`](Self::downgrade).
    pub fn downgrade_blocking(self) -> Result<Self, LockError> {
        block_on(self.downgrade_via(Via::Engine))
    }

    async fn downgrade_via(self, via: Via) -> Result<Self, LockError> {
        let Self(entry, asked) = self;
        let word = match asked.kind {
            LockKind::Reentrant | LockKind::Fair | LockKind::Write => None,
            LockKind::Read => Some("a read lock, which is one already"),
            LockKind::Multi => Some("a lock of several names: take them for reading, or each on its own"),
            LockKind::Red => Some("a red lock: red masters know no readers"),
        };
        if let Some(word) = word {
            let key = entry.lease().name().to_string();
            let message =
                format!("only a lock that one holder has alone can be downgraded, and this is {word}");
            return Err(LockError::Params { key, message });
        }
        let entry = downgrade(entry, (asked.expire, asked.renew), via).await?;
        Ok(Self(entry, Asked { kind: LockKind::Read, ..asked }))
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
        let lease = self.0.lease().clone();
        let key = || lease.name().to_string();
        let lost_before = lease.is_lost();
        let since = lease.now();
        match self.0.end().await {
            Ok(Released::Freed | Released::Kept) if !lost_before => Ok(()),
            Ok(_) => Err(lease.lost_error(lease.name(), BodyOutcome::Finished)),
            Err(fault) => Err(LockError::Unavailable {
                key: key(),
                waited: lease.now().since(since),
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
