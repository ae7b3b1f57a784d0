//! Taking a lock by hand.

use std::time::Duration;

use super::owner::record;
use super::{LockGuard, LockManager};
use crate::backend::Via;
use crate::engine::{Claim, Want};
use crate::error::LockError;
use crate::name::LockName;
use crate::params::{OnLost, check_expire};
use crate::run::{Entry, enter, run_body};

/// A request for one lock, made by [`LockManager::lock`]; end it with [`acquire`](Self::acquire),
/// [`try_acquire`](Self::try_acquire) or [`run`](Self::run), or their blocking twins.
#[derive(Debug)]
#[must_use = "a request does nothing until `acquire`, `try_acquire` or `run` is called"]
pub struct LockRequest {
    pub(super) manager: LockManager,
    name: Result<LockName, LockError>,
    wait: Duration,
    expire: Duration,
    renew: bool,
    pub(super) on_lost: OnLost,
    function: String,
    id: Option<uuid::Uuid>,
}

impl LockRequest {
    pub(crate) fn new(manager: LockManager, name: Result<LockName, LockError>) -> Self {
        let (wait, expire) = (manager.default_wait(), manager.default_expire());
        Self {
            manager,
            name,
            wait,
            expire,
            renew: true,
            on_lost: OnLost::default(),
            function: String::new(),
            id: None,
        }
    }

    /// How long to wait; zero tries once.
    pub fn wait(mut self, wait: Duration) -> Self {
        self.wait = wait;
        self
    }

    /// The lease, 10 ms to 30 d: how long the lock survives its holder's death.
    pub fn expire(mut self, expire: Duration) -> Self {
        self.expire = expire;
        self
    }

    /// Whether the lease is renewed while it is held; without, the lock is lost when it is over.
    pub fn renew(mut self, renew: bool) -> Self {
        self.renew = renew;
        self
    }

    /// What [`run`](Self::run) does with its body when the lock is lost.
    pub fn on_lost(mut self, on_lost: OnLost) -> Self {
        self.on_lost = on_lost;
        self
    }

    /// Recorded as the holder's function, for those who find the lock busy.
    pub fn function(mut self, function: impl Into<String>) -> Self {
        self.function = function.into();
        self
    }

    pub(crate) fn id(mut self, id: uuid::Uuid) -> Self {
        self.id = Some(id);
        self
    }

    /// Waits for the lock.
    ///
    /// # Errors
    /// [`LockError::Busy`] when the wait is over and others hold it; [`LockError::Unavailable`], [`LockError::Refused`],
    /// [`LockError::ForeignData`] as the server says; [`LockError::Key`], [`LockError::Params`] before anything is sent.
    ///
    /// # Cancel safety
    /// Dropping the future leaves the queue; a lock just granted goes to the next waiter, or back to the server.
    pub async fn acquire(self) -> Result<LockGuard, LockError> {
        self.enter(Via::Caller).await.map(LockGuard::new)
    }

    /// Takes the lock if it is free, in one attempt that may take the request limit (1 s).
    ///
    /// # Errors
    /// As [`acquire`](Self::acquire), except that busy is `Ok(None)`.
    ///
    /// # Cancel safety
    /// As [`acquire`](Self::acquire).
    pub async fn try_acquire(self) -> Result<Option<LockGuard>, LockError> {
        some_unless_busy(self.wait(Duration::ZERO).acquire().await)
    }

    /// Runs `body` under the lock: nested calls on the same name join it, and it is cancelled at its next await when the
    /// lock is lost (unless [`OnLost::Finish`]).
    ///
    /// # Errors
    /// As [`acquire`](Self::acquire), and [`LockError::Lost`].
    ///
    /// # Cancel safety
    /// Dropping the future drops the body, then frees the lock in the background.
    pub async fn run<F: Future>(self, body: F) -> Result<F::Output, LockError> {
        let on_lost = self.on_lost;
        let entry = self.enter(Via::Caller).await?;
        run_body(entry, on_lost, body, |_| false).await
    }

    pub(crate) async fn enter(self, via: Via) -> Result<Entry, LockError> {
        let name = self.name?;
        check_expire(name.as_str(), self.expire)?;
        let want = Want {
            claim: Claim::REENTRANT,
            record: record(&self.function, self.id),
            name,
            wait: self.wait,
            expire: self.expire,
            renew: self.renew,
            via,
        };
        enter(self.manager.engine(), want).await
    }
}

pub(super) fn some_unless_busy(result: Result<LockGuard, LockError>) -> Result<Option<LockGuard>, LockError> {
    match result {
        Ok(guard) => Ok(Some(guard)),
        Err(error) if error.is_busy() => Ok(None),
        Err(error) => Err(error),
    }
}
