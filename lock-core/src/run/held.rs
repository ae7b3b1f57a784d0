//! What a body may know of its lock.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::entry::Place;
use super::frame::current_frame;
use crate::engine::{HoldCell, WeakEngine};
use crate::error::{BodyOutcome, LockError};
use crate::name::LockName;
use crate::params::check_expire;

/// A view of a hold: cheap to clone, free to send, without the power to release it. The attribute binds one with
/// `guard = ident`; [`Held::current`] finds it without a parameter.
#[derive(Clone)]
pub struct Held {
    cell: Arc<HoldCell>,
    engine: WeakEngine,
}

impl Held {
    pub(crate) fn new(place: &Place) -> Self {
        Self { cell: Arc::clone(place.cell()), engine: place.engine().downgrade() }
    }

    /// The innermost hold around the present call.
    #[must_use]
    pub fn current() -> Option<Self> {
        current_frame()?.places().next().map(Self::new)
    }

    /// The hold of that full name around the present call.
    #[must_use]
    pub fn of(name: &str) -> Option<Self> {
        let frame = current_frame()?;
        frame.places().map(Self::new).find(|held| held.name().as_str() == name)
    }

    /// The lock's full name.
    #[must_use]
    pub fn name(&self) -> &LockName {
        &self.cell.name
    }

    /// The fencing token: higher than that of every earlier holder of this name. A resource that remembers the highest
    /// token it has seen and refuses lower ones is safe even from a holder that was paused past its lease.
    #[must_use]
    pub fn token(&self) -> u64 {
        self.cell.token
    }

    /// How long the lock is certain to be held if nothing renews it; zero once it is lost.
    #[must_use]
    pub fn remaining(&self) -> Duration {
        self.cell.remaining()
    }

    /// Whether the lease ended before the release.
    #[must_use]
    pub fn is_lost(&self) -> bool {
        self.cell.is_lost()
    }

    /// Fails once the lock is not held any more: for loops without an await.
    ///
    /// # Errors
    /// [`LockError::Lost`].
    pub fn check(&self) -> Result<(), LockError> {
        if self.cell.is_held() {
            return Ok(());
        }
        Err(self.lost_error())
    }

    /// Asks the server for a lease of `lease` (10 ms to 30 d) from now on, and waits for its word; later renewals ask for as
    /// much. With `renew = false` this is what makes the body's time longer. A lease is never made shorter by it.
    ///
    /// # Errors
    /// [`LockError::Lost`] if the lease ended before the server confirmed, [`LockError::Params`] for a lease out of range.
    ///
    /// # Cancel safety
    /// The extension is under way once this was polled; dropping the future only means not to hear of it.
    pub async fn extend(&self, lease: Duration) -> Result<(), LockError> {
        check_expire(self.cell.name.as_str(), lease)?;
        let extended = match self.engine.upgrade() {
            Some(engine) => engine.extend(&self.cell, lease).await,
            None => false,
        };
        if extended { Ok(()) } else { Err(self.lost_error()) }
    }

    fn lost_error(&self) -> LockError {
        LockError::Lost { key: self.cell.name.to_string(), body: BodyOutcome::Finished }
    }

    /// Ready once the lock is lost; never, if it is released in time.
    ///
    /// # Cancel safety
    /// Safe to drop and to call again.
    pub async fn lost(&self) {
        self.cell.lost().await;
    }
}

impl fmt::Debug for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Held")
            .field("name", &self.cell.name)
            .field("token", &self.cell.token)
            .field("remaining", &self.cell.remaining())
            .finish()
    }
}
