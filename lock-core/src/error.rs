//! What can go wrong with a lock, each with the name of the lock and what to do.

use std::fmt;
use std::time::Duration;

use crate::holder::Holder;
use crate::key::KeyError;

/// Why a lock was not acquired, or why its protection ended early.
///
/// Every variant but `Config` and `Connect` carries the key. Where acquiring failed the text begins with `key [..] tryLock fail`.
#[derive(Clone, thiserror::Error)]
#[non_exhaustive]
pub enum LockError {
    /// Somebody else held the lock during the whole wait. Said only after a server said so.
    #[error(
        "key [{key}] tryLock fail: waited {waited:.1?}{}{}",
        Holder::suffix(.holder.as_ref()),
        Votes::suffix(.votes.as_ref())
    )]
    Busy {
        /// The lock's full name.
        key: String,
        /// How long the call waited.
        waited: Duration,
        /// Who held it when the server was last asked.
        holder: Option<Holder>,
        /// How the masters voted; `kind = "red"` only.
        votes: Option<Votes>,
    },
    /// The call is nested in a read lock of the same name and wants it alone. Nothing was sent: it would wait for itself,
    /// or, with two readers that both want to write, for ever.
    #[error(
        "key [{key}] tryLock fail: error message: this call is inside a read lock of the same name, and a read lock can't \
         become a write lock: take the write lock first (`kind = \"write\"`), a read inside it joins it"
    )]
    Upgrade {
        /// The lock's full name.
        key: String,
    },
    /// The server could not be reached, or could not do its work, within the wait. Whether it has recorded the lock
    /// may be unknown; whatever it recorded is undone in the background.
    #[error("key [{key}] tryLock fail: error message: lock server unavailable after {waited:.1?}: {reason}")]
    Unavailable {
        /// The lock's full name.
        key: String,
        /// How long the call tried.
        waited: Duration,
        /// What the server, or the connection to it, said last.
        reason: String,
    },
    /// The server refused for good: wrong password, missing permission.
    #[error("key [{key}] tryLock fail: error message: refused by the lock server: {reason}")]
    Refused {
        /// The lock's full name.
        key: String,
        /// What the server said, and what it would need.
        reason: String,
    },
    /// The Redis key of that name holds data of another program. Nothing was changed.
    #[error(
        "key [{key}] tryLock fail: error message: the server holds other data under this key; \
         use another prefix, name or namespace{}",
        .masters.as_ref().map(|said| format!("; {said}")).unwrap_or_default()
    )]
    ForeignData {
        /// The lock's full name.
        key: String,
        /// What each of the masters said; `kind = "red"` only.
        masters: Option<String>,
    },
    /// The lock's name could not be made from the arguments. Nothing was sent.
    #[error("key [{key}] tryLock fail: error message: {error}")]
    Key {
        /// The name as far as it could be made.
        key: String,
        /// What is wrong with it.
        error: KeyError,
    },
    /// A parameter is outside its range. Nothing was sent.
    #[error("key [{key}] tryLock fail: error message: {message}")]
    Params {
        /// The lock's full name, or its prefix.
        key: String,
        /// Which parameter, its range, and what to write.
        message: String,
    },
    /// There is no manager to ask.
    #[error(
        "key [{key}] tryLock fail: error message: no lock manager: call \
         `LockManager::connect(url).await?.install()` at start-up, or name one with `locks = ..`"
    )]
    NoManager {
        /// The lock's full name under the default namespace.
        key: String,
    },
    /// The manager was shut down, or its background thread has ended: before the lock was taken, or under a body that did not
    /// end within the time that [`shutdown`](crate::LockManager::shutdown) gave it. What the body did until then may have
    /// taken effect.
    #[error("key [{key}] {}", shut_down(*.body))]
    ShutDown {
        /// The lock's full name.
        key: String,
        /// What became of the body; `None`: there was none, since the lock was not taken.
        body: Option<BodyOutcome>,
    },
    /// The lease ended under the running body. What the body did until then may have taken effect.
    #[error(
        "key [{key}] lock lost: the lease ended before the body did ({body}); check its outcome by the fencing token"
    )]
    Lost {
        /// The lock's full name.
        key: String,
        /// What became of the body.
        body: BodyOutcome,
    },
    /// No connection to the server, or none that answers, when connecting.
    #[error("cannot connect to the lock server at {address}: {reason}")]
    Connect {
        /// The server, without credentials.
        address: String,
        /// What the system or the server said.
        reason: String,
    },
    /// The manager itself could not be made: a wrong URL, a missing feature, a server that lacks what is needed.
    #[error("lock manager: {message}")]
    Config {
        /// What is wrong and what to write.
        message: String,
    },
}

impl LockError {
    /// The lock's name; empty for [`LockError::Config`] and [`LockError::Connect`], which are about no single lock.
    #[must_use]
    pub fn key(&self) -> &str {
        match self {
            Self::Busy { key, .. }
            | Self::Upgrade { key }
            | Self::Unavailable { key, .. }
            | Self::Refused { key, .. }
            | Self::ForeignData { key, .. }
            | Self::Key { key, .. }
            | Self::Params { key, .. }
            | Self::NoManager { key }
            | Self::ShutDown { key, .. }
            | Self::Lost { key, .. } => key,
            Self::Config { .. } | Self::Connect { .. } => "",
        }
    }

    /// Whether somebody else held the lock; the only failure after which trying again later is all there is to do.
    #[must_use]
    pub const fn is_busy(&self) -> bool {
        matches!(self, Self::Busy { .. })
    }

    /// Whether it is worth to go on waiting: others have it, or the server is away for now.
    pub(crate) const fn may_pass(&self) -> bool {
        matches!(self, Self::Busy { .. } | Self::Unavailable { .. })
    }

    /// The same after a wait of so long in all, where several attempts were made.
    pub(crate) fn after(mut self, in_all: Duration) -> Self {
        if let Self::Busy { waited, .. } | Self::Unavailable { waited, .. } = &mut self {
            *waited = in_all;
        }
        self
    }
}

/// The same text as `Display`: `fn main() -> Result<(), LockError>` prints `Debug`, and there too the message should say what
/// to do.
impl fmt::Debug for LockError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl From<LockError> for std::io::Error {
    fn from(error: LockError) -> Self {
        let kind = match error {
            LockError::Busy { .. } => std::io::ErrorKind::WouldBlock,
            LockError::Unavailable { .. } | LockError::ShutDown { .. } | LockError::Connect { .. } => {
                std::io::ErrorKind::NotConnected
            }
            LockError::Refused { .. } => std::io::ErrorKind::PermissionDenied,
            LockError::Key { .. } | LockError::Params { .. } | LockError::Config { .. } => {
                std::io::ErrorKind::InvalidInput
            }
            _ => std::io::ErrorKind::Other,
        };
        Self::new(kind, error)
    }
}

/// How the masters of a `red` lock answered the last round.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Votes {
    /// Masters that granted it.
    pub granted: u8,
    /// Masters that said that others hold it.
    pub busy: u8,
    /// Masters that did not answer in time, refused, or were restarted too recently to be counted.
    pub unavailable: u8,
}

impl Votes {
    /// How many masters there are.
    #[must_use]
    pub const fn masters(&self) -> u8 {
        self.granted + self.busy + self.unavailable
    }

    fn suffix(votes: Option<&Self>) -> String {
        votes.map(|votes| format!("; votes: {votes}")).unwrap_or_default()
    }
}

impl fmt::Display for Votes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { granted, busy, unavailable } = self;
        let masters = self.masters();
        write!(f, "{granted} of {masters} granted it, {busy} busy, {unavailable} unavailable")
    }
}

fn shut_down(body: Option<BodyOutcome>) -> String {
    match body {
        None => "tryLock fail: error message: the lock manager is shut down: take locks before `shutdown`, or connect a new \
                 manager"
            .to_owned(),
        Some(body) => format!(
            "lock lost: the lock manager was shut down before the body ended ({body}); check its outcome by the fencing \
             token, or give `shutdown` more time"
        ),
    }
}

/// What became of a body whose lease was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BodyOutcome {
    /// It was dropped at an await; what it had done before stays done.
    Cancelled,
    /// It ran to its end, but after the lease had ended.
    Finished,
}

impl fmt::Display for BodyOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Cancelled => "it was cancelled",
            Self::Finished => "it ran to its end",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "LOCK:order:42";

    fn key() -> String {
        KEY.to_owned()
    }

    /// One error of every variant that is about a lock, and what its text must say to do or to look at.
    fn of_a_lock() -> Vec<(LockError, &'static [&'static str])> {
        let (waited, reason) = (Duration::from_millis(3_049), "LOADING Redis is loading".to_owned());
        let record = "host/1 pay";
        let holder = Some(Holder::of(record, Duration::from_millis(1_500)));
        let message = "expire is 1ms: write for example expire = \"10s\"".to_owned();
        let body = BodyOutcome::Cancelled;
        vec![
            (
                LockError::Busy { key: key(), waited, holder, votes: None },
                &["waited 3.0s", "held by host/1 pay", "lease left 1.5s"],
            ),
            (
                LockError::Unavailable { key: key(), waited, reason: reason.clone() },
                &["unavailable after 3.0s", "LOADING Redis is loading"],
            ),
            (LockError::Refused { key: key(), reason }, &["refused", "LOADING"]),
            (LockError::Upgrade { key: key() }, &["inside a read lock", "take the write lock first"]),
            (LockError::ForeignData { key: key(), masters: None }, &["other data", "use another prefix"]),
            (LockError::Key { key: key(), error: KeyError::Empty }, &["pass a value"]),
            (LockError::Params { key: key(), message }, &["write for example"]),
            (
                LockError::NoManager { key: key() },
                &["`LockManager::connect(url).await?.install()`", "`locks = ..`"],
            ),
            (LockError::ShutDown { key: key(), body: None }, &["shut down", "connect a new manager"]),
            (
                LockError::ShutDown { key: key(), body: Some(body) },
                &["lock lost", "shut down", "it was cancelled", "by the fencing token", "more time"],
            ),
            (
                LockError::Lost { key: key(), body },
                &["lock lost", "it was cancelled", "check its outcome by the fencing token"],
            ),
        ]
    }

    #[test]
    fn every_text_names_the_key_and_says_what_to_do() {
        for (error, says) in of_a_lock() {
            let text = error.to_string();
            let begins = match error {
                LockError::Lost { .. } | LockError::ShutDown { body: Some(_), .. } => {
                    format!("key [{KEY}] lock lost")
                }
                LockError::Busy { .. } => format!("key [{KEY}] tryLock fail: waited"),
                _ => format!("key [{KEY}] tryLock fail: error message: "),
            };
            assert!(text.starts_with(&begins), "{text}");
            assert!(says.iter().all(|part| text.contains(part)), "{text}");
            assert!(!text.ends_with('.') && !text.contains('\n') && !text.contains("  "), "{text}");
            assert_eq!(error.key(), KEY);
            assert_eq!(format!("{error:?}"), text, "`fn main() -> Result<(), LockError>` prints Debug");
            let io = std::io::Error::from(error.clone());
            assert_eq!(io.to_string(), text);
            assert_eq!(error.is_busy(), matches!(error, LockError::Busy { .. }));
        }
        let finished = LockError::Lost { key: key(), body: BodyOutcome::Finished };
        assert!(finished.to_string().contains("it ran to its end"));
    }

    #[test]
    fn errors_of_the_manager_name_no_key() {
        let connect =
            LockError::Connect { address: "127.0.0.1:6379".to_owned(), reason: "refused".to_owned() };
        assert_eq!(connect.to_string(), "cannot connect to the lock server at 127.0.0.1:6379: refused");
        let config = LockError::Config { message: "write a URL".to_owned() };
        assert_eq!(config.to_string(), "lock manager: write a URL");
        assert_eq!((connect.key(), config.key()), ("", ""));
    }

    #[test]
    fn busy_is_told_from_the_rest_as_io_errors_too() {
        use std::io::ErrorKind;
        let kinds: Vec<_> =
            of_a_lock().into_iter().map(|(error, _)| std::io::Error::from(error).kind()).collect();
        let expected = [
            ErrorKind::WouldBlock,
            ErrorKind::NotConnected,
            ErrorKind::PermissionDenied,
            ErrorKind::Other,
            ErrorKind::Other,
            ErrorKind::InvalidInput,
            ErrorKind::InvalidInput,
            ErrorKind::Other,
            ErrorKind::NotConnected,
            ErrorKind::NotConnected,
            ErrorKind::Other,
        ];
        assert_eq!(kinds, expected);
    }
}
