//! What a body may know of its lock.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::entry::Place;
use super::frame::current_frame;
use crate::engine::HoldCell;
use crate::error::{BodyOutcome, LockError};
use crate::name::LockName;

/// A view of a hold: cheap to clone, free to send, without the power to release it. The attribute binds one with
/// `guard = ident`; [`Held::current`] finds it without a parameter.
#[derive(Clone)]
pub struct Held(Arc<HoldCell>);

impl Held {
    pub(crate) fn new(place: &Place) -> Self {
        Self(Arc::clone(place.cell()))
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
        frame
            .places()
            .map(Self::new)
            .find(|held| held.name().as_str() == name)
    }

    /// The lock's full name.
    #[must_use]
    pub fn name(&self) -> &LockName {
        &self.0.name
    }

    /// The fencing token: higher than that of every earlier holder of this name. A resource that remembers the highest
    /// token it has seen and refuses lower ones is safe even from a holder that was paused past its lease.
    #[must_use]
    pub fn token(&self) -> u64 {
        self.0.token
    }

    /// How long the lock is certain to be held if nothing renews it; zero once it is lost.
    #[must_use]
    pub fn remaining(&self) -> Duration {
        self.0.remaining()
    }

    /// Whether the lease ended before the release.
    #[must_use]
    pub fn is_lost(&self) -> bool {
        self.0.is_lost()
    }

    /// Fails once the lock is not held any more: for loops without an await.
    ///
    /// # Errors
    /// [`LockError::Lost`].
    pub fn check(&self) -> Result<(), LockError> {
        if self.0.is_held() {
            return Ok(());
        }
        Err(LockError::Lost {
            key: self.0.name.to_string(),
            body: BodyOutcome::Finished,
        })
    }

    /// Ready once the lock is lost; never, if it is released in time.
    ///
    /// # Cancel safety
    /// Safe to drop and to call again.
    pub async fn lost(&self) {
        self.0.lost().await;
    }
}

impl fmt::Debug for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Held")
            .field("name", &self.0.name)
            .field("token", &self.0.token)
            .field("remaining", &self.0.remaining())
            .finish()
    }
}
