//! What a caller asks for, and the defaults.

use std::time::Duration;

use uuid::Uuid;

use crate::error::LockError;
use crate::key::LockKey;

/// Between the segments of a lock's name.
pub const DEFAULT_DELIMITER: &str = ":";
/// The namespace that every lock's name begins with, unless the manager has another.
pub const DEFAULT_KEY_PREFIX: &str = "LOCK";
/// How long a call waits for the lock.
pub const DEFAULT_WAIT: Duration = Duration::from_secs(10);
/// The lease: how long the lock survives its holder's death.
pub const DEFAULT_EXPIRE: Duration = Duration::from_secs(10);
/// The shortest lease. Below it the lease would be over before the first renewal could arrive.
pub const MIN_EXPIRE: Duration = Duration::from_millis(10);
/// The longest lease.
pub const MAX_EXPIRE: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// How a lock relates to other calls of the same name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum LockKind {
    /// One holder at a time; a call nested in a hold of the same name joins it.
    #[default]
    Reentrant,
}

/// What happens to the body when its lease is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum OnLost {
    /// It is cancelled at its next await, and the call returns [`LockError::Lost`].
    #[default]
    Cancel,
    /// It runs on, unprotected, and its `Ok` is returned.
    Finish,
}

/// Everything that one acquisition needs to know.
///
/// `id` is for correlation only: it appears in the owner record and in logs. What makes a resent request idempotent is
/// made anew inside each call, so one `LockParams` may be used any number of times, also at once.
///
/// ```
/// use std::time::Duration;
/// use lock_core::{LockKey, LockParams};
///
/// let params = LockParams::new(LockKey::of(("order", 42)))
///     .wait(Duration::from_secs(3))
///     .expire(Duration::from_secs(30));
/// assert!(params.renew);
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct LockParams {
    /// Correlates records and log lines of one logical call.
    pub id: Uuid,
    /// Fixed first segment after the namespace.
    pub prefix: Option<String>,
    /// The key's parts.
    pub key: LockKey,
    /// Between segments; 1 to 4 of ``: / . - _ | # @ ~ + = , ; !``.
    pub delimiter: String,
    /// How the lock relates to others of its name.
    pub kind: LockKind,
    /// How long to wait; zero tries once. `None`: the manager's default.
    pub wait: Option<Duration>,
    /// The lease. `None`: the manager's default.
    pub expire: Option<Duration>,
    /// Whether the lease is renewed while it is held.
    pub renew: bool,
    /// What happens to a body whose lease is lost.
    pub on_lost: OnLost,
    /// Recorded as the holder: shown to those who find the lock busy.
    pub function: String,
}

impl LockParams {
    /// The defaults for `key`.
    #[must_use]
    pub fn new(key: LockKey) -> Self {
        Self {
            id: Uuid::new_v4(),
            prefix: None,
            key,
            delimiter: DEFAULT_DELIMITER.to_owned(),
            kind: LockKind::default(),
            wait: None,
            expire: None,
            renew: true,
            on_lost: OnLost::default(),
            function: String::new(),
        }
    }

    /// Sets the fixed first segment.
    #[must_use]
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = Some(prefix.into());
        self
    }

    /// Sets how long to wait; zero tries once.
    #[must_use]
    pub fn wait(mut self, wait: Duration) -> Self {
        self.wait = Some(wait);
        self
    }

    /// Sets the lease.
    #[must_use]
    pub fn expire(mut self, expire: Duration) -> Self {
        self.expire = Some(expire);
        self
    }

    /// Sets whether the lease is renewed.
    #[must_use]
    pub fn renew(mut self, renew: bool) -> Self {
        self.renew = renew;
        self
    }

    /// Sets what happens to a body whose lease is lost.
    #[must_use]
    pub fn on_lost(mut self, on_lost: OnLost) -> Self {
        self.on_lost = on_lost;
        self
    }
}

/// Refuses a lease outside [`MIN_EXPIRE`]..=[`MAX_EXPIRE`].
pub(crate) fn check_expire(key: &str, expire: Duration) -> Result<(), LockError> {
    if (MIN_EXPIRE..=MAX_EXPIRE).contains(&expire) {
        return Ok(());
    }
    Err(LockError::Params {
        key: key.to_owned(),
        message: format!(
            "expire is {expire:?}, but a lease lasts 10ms to 30d: write for example expire = \"10s\""
        ),
    })
}
