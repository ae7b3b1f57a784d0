//! What a body may know of its lock.

use std::fmt;
use std::time::Duration;

use super::entry::Place;
use super::frame::current_frame;
use crate::error::{BodyOutcome, LockError};
use crate::kind::Lease;
use crate::name::LockName;
use crate::params::{beyond_red_limit, check_expire};

/// A view of a hold: cheap to clone, free to send, without the power to release it. The attribute binds one with
/// `guard = ident`; [`Held::current`] finds it without a parameter.
#[derive(Clone)]
pub struct Held {
    lease: Lease,
    /// By which of its names it is seen; `None`: by all.
    at: Option<usize>,
}

impl Held {
    pub(crate) fn new(place: &Place) -> Self {
        Self { lease: place.lease().clone(), at: place.about_at() }
    }

    /// The innermost hold around the present call.
    #[must_use]
    pub fn current() -> Option<Self> {
        current_frame()?.places().next().map(Self::new)
    }

    /// The hold of that full name around the present call. One of several names is found by each of them, and seen by that
    /// name.
    #[must_use]
    pub fn of(name: &str) -> Option<Self> {
        let frame = current_frame()?;
        let seen = |place: &Place| {
            Some(Self { at: Some(place.lease().place_of(name)?), lease: place.lease().clone() })
        };
        frame.places().find_map(seen)
    }

    /// The lock's full name; of several, the first. A call that joined one of several sees that one.
    #[must_use]
    pub fn name(&self) -> &LockName {
        self.lease.name_at(self.at.unwrap_or(0))
    }

    /// All its names, in the order in which they were taken.
    #[must_use]
    pub fn names(&self) -> Vec<LockName> {
        self.tokens().into_iter().map(|(name, _)| name).collect()
    }

    /// The fencing token: higher than that of every earlier holder of this name. A resource that remembers the highest
    /// token it has seen and refuses lower ones is safe even from a holder that was paused past its lease.
    ///
    /// Of several names it is the first one's; fence each resource with the token of its own name, see
    /// [`token_of`](Self::token_of).
    #[must_use]
    pub fn token(&self) -> u64 {
        self.at.map_or_else(|| self.lease.token(), |at| self.lease.named(at).token)
    }

    /// Each name with its token. Tokens of different names say nothing about each other.
    #[must_use]
    pub fn tokens(&self) -> Vec<(LockName, u64)> {
        match self.at {
            None => self.lease.tokens(),
            Some(_) => vec![(self.name().clone(), self.token())],
        }
    }

    /// The token of that full name, by which the resource that it stands for is fenced; `None` if it is not held by this.
    #[must_use]
    pub fn token_of(&self, name: impl AsRef<str>) -> Option<u64> {
        self.lease.token_of(name.as_ref())
    }

    /// How long the lock, and of several each, is certain to be held if nothing renews it; zero once it is lost.
    #[must_use]
    pub fn remaining(&self) -> Duration {
        self.lease.remaining()
    }

    /// Whether the lease ended before the release. Of several names one lost is all lost.
    #[must_use]
    pub fn is_lost(&self) -> bool {
        self.lease.is_lost()
    }

    /// Fails once the lock is not held any more: for loops without an await.
    ///
    /// # Errors
    /// [`LockError::Lost`].
    pub fn check(&self) -> Result<(), LockError> {
        if self.lease.is_held() {
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
        check_expire(self.name().as_str(), lease)?;
        if let Some(limit) = self.lease.limit().filter(|limit| lease > *limit) {
            return Err(beyond_red_limit(self.name().as_str(), lease, limit));
        }
        if self.lease.extend(lease).await { Ok(()) } else { Err(self.lost_error()) }
    }

    fn lost_error(&self) -> LockError {
        self.lease.lost_error(self.name(), BodyOutcome::Finished)
    }

    /// Ready once the lock is lost; never, if it is released in time.
    ///
    /// # Cancel safety
    /// Safe to drop and to call again.
    pub async fn lost(&self) {
        self.lease.lost().await;
    }
}

impl fmt::Debug for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Held")
            .field("name", self.name())
            .field("token", &self.token())
            .field("remaining", &self.remaining())
            .finish()
    }
}
