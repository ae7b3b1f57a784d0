//! What a body may know of its lock.

use std::fmt;
use std::time::Duration;

use super::entry::Place;
use super::frame::current_frame;
use crate::error::{BodyOutcome, LockError};
use crate::key::{HeldKey, Sought, Spelling};
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
    /// How the call made its names.
    spelling: Option<Spelling>,
}

impl Held {
    pub(crate) fn new(place: &Place) -> Self {
        Self { lease: place.lease().clone(), at: place.about_at(), spelling: place.spelling().cloned() }
    }

    /// The innermost hold around the present call.
    #[must_use]
    pub fn current() -> Option<Self> {
        current_frame()?.places().next().map(Self::new)
    }

    /// The hold of that lock around the present call, the innermost if there are several. One of several names is found by
    /// each of them, and seen by that name. For what `key` may be see [`HeldKey`].
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use lock_core::{Held, LockManager};
    ///
    /// let locks = LockManager::connect("memory:").await?;
    /// locks.lock(("order", 42)).run(async {
    ///     assert!(Held::of(("order", 42)).is_some_and(|held| held.name().as_str() == "LOCK:order:42"));
    ///     assert!(Held::of(("order", 43)).is_none());
    /// }).await?;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn of(key: impl HeldKey) -> Option<Self> {
        let (frame, sought) = (current_frame()?, Sought::of(key));
        frame.places().find_map(|place| {
            let held = Self::new(place);
            Some(Self { at: Some(held.find(&sought)?), ..held })
        })
    }

    /// The lock's full name; of several, that of the first key. A call that joined one of several sees that one.
    #[must_use]
    pub fn name(&self) -> &LockName {
        self.lease.name_at(self.first())
    }

    /// All its names in the order of the keys, each once.
    #[must_use]
    pub fn names(&self) -> Vec<LockName> {
        self.tokens().into_iter().map(|(name, _)| name).collect()
    }

    /// The fencing token: higher than that of every earlier holder of this name. A resource that lets a holder claim it
    /// with the token before reading, and refuses lower tokens from then on, is safe even from a holder that was paused
    /// past its lease; how to do that in SQL is in the attribute's documentation.
    ///
    /// Of several names it is that of the first key; fence each resource with the token of its own name, see
    /// [`token_of`](Self::token_of).
    ///
    /// # Range
    /// Above 2^53 (today about 3.6 · 10^18) and below 2^63 until the year 2112. So it fits an `i64`, a `BIGINT`; but not a
    /// number of JavaScript or of JSON as most programs read it, nor an `f64`: there write it as text, or neighbouring tokens
    /// become one.
    #[must_use]
    pub fn token(&self) -> u64 {
        self.lease.named(self.first()).token
    }

    /// Each name with its token, in the order of the keys; a key that was given twice is there once. Tokens of different
    /// names say nothing about each other.
    #[must_use]
    pub fn tokens(&self) -> Vec<(LockName, u64)> {
        let tokens = self.lease.tokens();
        if let Some(at) = self.at {
            return tokens.into_iter().skip(at).take(1).collect();
        }
        match &self.spelling {
            Some(spelling) if tokens.len() > 1 => {
                spelling.places(|name| self.lease.place_of(name)).map(|at| tokens[at].clone()).collect()
            }
            _ => tokens,
        }
    }

    /// The token by which the resource is fenced that `key` stands for; `None` if that is no lock of this hold. For what
    /// `key` may be see [`HeldKey`]: the key by hand, with the attribute's segments in front, whatever the manager's
    /// namespace, the delimiter, and the manager's key generator have made of it.
    ///
    /// ```
    /// # #[cfg(feature = "macros")] mod example {
    /// use lock_core::{LockError, LockManager, distributed_lock};
    ///
    /// #[distributed_lock(prefix = "account", keys = [from, to], guard = held)]
    /// async fn transfer(from: String, to: String) -> Result<(), LockError> {
    ///     let paying = held.token_of(("account", &from)).expect("it is one of the keys");
    ///     let paid = held.token_of(("account", &to)).expect("it is one of the keys");
    ///     // ..
    /// #     assert_eq!(held.tokens().iter().map(|(_, token)| *token).collect::<Vec<_>>(), [paying, paid]);
    ///     Ok(())
    /// }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # pub
    /// # async fn main() -> Result<(), LockError> {
    /// #     let locks = LockManager::connect("memory:").await?;
    /// #     locks.scope(transfer("Ann Smith".into(), "Bob".into())).await
    /// # }
    /// # }
    /// # #[cfg(feature = "macros")] fn main() { example::main().unwrap() }
    /// # #[cfg(not(feature = "macros"))] fn main() {}
    /// ```
    #[must_use]
    pub fn token_of(&self, key: impl HeldKey) -> Option<u64> {
        self.find(&Sought::of(key)).map(|at| self.lease.named(at).token)
    }

    /// Which of the lease's names that key means.
    fn find(&self, sought: &Sought) -> Option<usize> {
        self.spelling.as_ref()?.find(sought, |name| self.lease.place_of(name))
    }

    /// Which of the lease's names comes first.
    fn first(&self) -> usize {
        let in_order = || self.spelling.as_ref()?.places(|name| self.lease.place_of(name)).next();
        self.at.or_else(in_order).unwrap_or(0)
    }

    /// How long the lock, and of several each, is certain to be held if nothing renews it; zero once it is lost.
    #[must_use]
    pub fn remaining(&self) -> Duration {
        if self.lease.is_forked() { Duration::ZERO } else { self.lease.remaining() }
    }

    /// Whether the lease ended before the release. Of several names one lost is all lost.
    #[must_use]
    pub fn is_lost(&self) -> bool {
        self.lease.is_forked() || self.lease.is_lost()
    }

    /// Fails once the lock is not held any more: for loops without an await.
    ///
    /// # Errors
    /// [`LockError::Lost`].
    pub fn check(&self) -> Result<(), LockError> {
        if self.lease.is_held() && !self.lease.is_forked() {
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
        if !self.lease.is_forked() {
            self.lease.lost().await;
        }
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
