//! What a caller asks for, and the defaults.

use std::time::Duration;

pub use lock_rules::{DEFAULT_DELIMITER, MAX_EXPIRE, MIN_EXPIRE};
use uuid::Uuid;

use crate::error::LockError;
use crate::key::LockKey;

/// The namespace that every lock's name begins with, unless the manager has another.
pub const DEFAULT_KEY_PREFIX: &str = "LOCK";
/// How long a call waits for the lock.
pub const DEFAULT_WAIT: Duration = Duration::from_secs(10);
/// The lease: how long the lock survives its holder's death.
pub const DEFAULT_EXPIRE: Duration = Duration::from_secs(10);

/// How a lock relates to other calls of the same name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum LockKind {
    /// One holder at a time; a call nested in a hold of the same name joins it. Tasks of one process may pass the lock
    /// among themselves for up to 20 ms before the other processes get their turn, which is what makes it the fastest.
    #[default]
    Reentrant,
    /// One holder at a time, in strict order of arrival over all processes.
    Fair,
    /// Several names at once, all or none; what `keys` makes.
    Multi,
    /// A majority of several independent masters.
    Red,
    /// Beside other readers of the name, not beside a writer or any other kind.
    Read,
    /// Alone, in order of arrival among readers and writers.
    Write,
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
    /// The key's parts; with [`keys`](Self::keys) it is not looked at.
    pub key: LockKey,
    /// Several keys, taken together: [`LockKind::Multi`].
    pub keys: Vec<LockKey>,
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
    /// How long it is renewed at most; at least `expire`.
    pub max_hold: Option<Duration>,
    /// For how long from acquiring it is not free, however early it is released.
    pub hold_at_least: Option<Duration>,
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
            keys: Vec::new(),
            delimiter: DEFAULT_DELIMITER.to_owned(),
            kind: LockKind::default(),
            wait: None,
            expire: None,
            renew: true,
            max_hold: None,
            hold_at_least: None,
            on_lost: OnLost::default(),
            function: String::new(),
        }
    }

    /// The defaults for several keys, which are taken together, all or none.
    ///
    /// ```
    /// use lock_core::{LockKey, LockKind, LockParams};
    ///
    /// let params = LockParams::of_all([LockKey::of("A1"), LockKey::of("A2")]).prefix("seat");
    /// assert_eq!(params.kind, LockKind::Multi);
    /// ```
    #[must_use]
    pub fn of_all(keys: impl IntoIterator<Item = LockKey>) -> Self {
        Self { keys: keys.into_iter().collect(), kind: LockKind::Multi, ..Self::new(LockKey::empty()) }
    }

    /// Sets how the lock relates to others of its name. Several keys can also be [`LockKind::Read`].
    #[must_use]
    pub fn kind(mut self, kind: LockKind) -> Self {
        self.kind = kind;
        self
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

    /// Sets how long the lease is renewed at most.
    #[must_use]
    pub fn max_hold(mut self, max_hold: Duration) -> Self {
        self.max_hold = Some(max_hold);
        self
    }

    /// Sets for how long from acquiring the lock is not free, however early it is released.
    #[must_use]
    pub fn hold_at_least(mut self, hold_at_least: Duration) -> Self {
        self.hold_at_least = Some(hold_at_least);
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
    let write = "expire = \"10s\", or by hand `.expire(Duration::from_secs(10))`";
    check_lease(key, ("expire", expire), write)
}

/// Refuses a `red_max_lease` of a manager outside the same range.
pub(crate) fn check_red_max_lease(lease: Duration) -> Result<(), LockError> {
    check_lease("", ("red_max_lease", lease), "`.red_max_lease(Duration::from_secs(30))`")
}

fn check_lease(key: &str, (what, lease): (&str, Duration), write: &str) -> Result<(), LockError> {
    if (MIN_EXPIRE..=MAX_EXPIRE).contains(&lease) {
        return Ok(());
    }
    let message = format!("{what} is {lease:?}, but a lease lasts 10ms to 30d: write for example {write}");
    Err(LockError::Params { key: key.to_owned(), message })
}

/// Refuses to keep a `red` lock for longer than a master that has lost its data is not counted: it would have forgotten it.
pub(crate) fn check_red_hold(
    key: &str,
    hold_at_least: Option<Duration>,
    limit: Duration,
) -> Result<(), LockError> {
    match hold_at_least {
        Some(time) if time > limit => Err(LockError::Params {
            key: key.to_owned(),
            message: format!(
                "hold_at_least is {time:?}, but red locks are kept for their masters' longest lease at most, {limit:?}: write \
                 a shorter one, or `red_max_lease(..)` at every builder that uses these masters"
            ),
        }),
        _ => Ok(()),
    }
}

/// Refuses a longest hold that is shorter than the lease or means nothing, and a shortest one that is longer than any lease.
pub(crate) fn check_holds(
    key: &str,
    (expire, renew): (Duration, bool),
    max_hold: Option<Duration>,
    hold_at_least: Option<Duration>,
) -> Result<(), LockError> {
    let wrong = |message| Err(LockError::Params { key: key.to_owned(), message });
    match max_hold {
        Some(_) if !renew => {
            return wrong(
                "max_hold says when renewing ends, but nothing is renewed here: leave it out, and say the length of the hold \
                 with expire"
                    .to_owned(),
            );
        }
        Some(max_hold) if max_hold < expire => {
            return wrong(format!(
                "max_hold is {max_hold:?}, but the lease alone lasts {expire:?}: write a longer max_hold or a shorter expire"
            ));
        }
        _ => {}
    }
    match hold_at_least {
        Some(least) if least > MAX_EXPIRE => wrong(format!(
            "hold_at_least is {least:?}, but a lease lasts 30d at most: write for example hold_at_least = \"5s\""
        )),
        _ => Ok(()),
    }
}

/// What says that a `red` lock's lease is longer than its masters are known to be without an earlier holder.
pub(crate) fn beyond_red_limit(key: &str, expire: Duration, limit: Duration) -> LockError {
    LockError::Params {
        key: key.to_owned(),
        message: format!(
            "expire is {expire:?}, but the masters of red locks are asked for at most {limit:?}: write a shorter expire, or \
             `red_max_lease(..)` at every builder that uses these masters"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The values of the component that this one descends from.
    #[test]
    fn the_defaults_are_what_they_have_always_been() {
        assert_eq!((DEFAULT_DELIMITER, DEFAULT_KEY_PREFIX), (":", "LOCK"));
        assert_eq!((DEFAULT_WAIT, DEFAULT_EXPIRE), (Duration::from_secs(10), Duration::from_secs(10)));
        assert_eq!((LockKind::default(), OnLost::default()), (LockKind::Reentrant, OnLost::Cancel));
    }

    #[test]
    fn params_begin_with_the_defaults() {
        let key = LockKey::of(("a", 1));
        // All fields, so that a new one is thought of here.
        let LockParams {
            id,
            prefix,
            key: kept,
            keys,
            delimiter,
            kind,
            wait,
            expire,
            renew,
            max_hold,
            hold_at_least,
            on_lost,
            function,
        } = LockParams::new(key.clone());
        assert_eq!(keys, []);
        assert_eq!((prefix, kept, delimiter.as_str(), kind), (None, key.clone(), ":", LockKind::Reentrant));
        assert_eq!((wait, expire), (None, None), "the manager says");
        assert_eq!((max_hold, hold_at_least), (None, None));
        assert_eq!((renew, on_lost, function.as_str()), (true, OnLost::Cancel, ""));
        assert_ne!(id, LockParams::new(key).id, "each call has its own correlation id");
    }

    #[test]
    fn params_are_set_one_by_one() {
        let (wait, expire) = (Duration::from_secs(3), Duration::from_secs(30));
        let params = LockParams::new(LockKey::of(1))
            .prefix("order")
            .wait(wait)
            .expire(expire)
            .renew(false)
            .on_lost(OnLost::Finish);
        assert_eq!(params.prefix.as_deref(), Some("order"));
        assert_eq!((params.wait, params.expire), (Some(wait), Some(expire)));
        assert_eq!((params.renew, params.on_lost), (false, OnLost::Finish));
        assert_eq!(params.clone().id, params.id, "a copy is the same logical call");
    }

    #[test]
    fn a_hold_is_bounded_only_by_lengths_that_mean_something() {
        let second = Duration::from_secs(1);
        let check = |renew, max, least| check_holds("LOCK:a", (second, renew), max, least);
        assert!(check(true, Some(second), Some(MAX_EXPIRE)).is_ok());
        assert!(check(false, None, Some(second * 2)).is_ok());
        for (renew, max, least, says) in [
            (true, Some(second / 2), None, "a longer max_hold or a shorter expire"),
            (false, Some(second), None, "leave it out"),
            (true, None, Some(MAX_EXPIRE * 2), "hold_at_least = \"5s\""),
        ] {
            let text = check(renew, max, least).unwrap_err().to_string();
            assert!(text.contains("[LOCK:a]") && text.contains(says), "{text}");
        }
        assert!(check_red_hold("k", Some(second), second).is_ok());
        let text = check_red_hold("k", Some(second * 2), second).unwrap_err().to_string();
        assert!(text.contains("red_max_lease"), "{text}");
    }

    #[test]
    fn a_lease_lasts_from_ten_milliseconds_to_thirty_days() {
        assert_eq!((MIN_EXPIRE, MAX_EXPIRE), (Duration::from_millis(10), Duration::from_secs(2_592_000)));
        for good in [MIN_EXPIRE, DEFAULT_EXPIRE, MAX_EXPIRE] {
            assert!(check_expire("LOCK:a", good).is_ok());
        }
        let step = Duration::from_nanos(1);
        for bad in [Duration::ZERO, MIN_EXPIRE - step, MAX_EXPIRE + step, Duration::MAX] {
            let text = check_expire("LOCK:a", bad).unwrap_err().to_string();
            assert!(text.contains("[LOCK:a]") && text.contains("10ms to 30d"), "{text}");
            let of_manager = check_expire("", bad).unwrap_err().to_string();
            assert!(of_manager.starts_with("lock manager: expire is "), "{of_manager}");
            let red = check_red_max_lease(bad).unwrap_err().to_string();
            assert!(red.starts_with("lock manager: red_max_lease is "), "{red}");
        }
    }
}
