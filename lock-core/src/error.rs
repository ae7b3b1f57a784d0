//! What can go wrong with a lock, each with the name of the lock and what to do.

use std::fmt;
use std::time::Duration;

use crate::key::KeyError;

/// Why a lock was not acquired, or why its protection ended early.
///
/// Every variant carries the key. Where acquiring failed the text begins with `key [..] tryLock fail`.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LockError {
    /// Somebody else held the lock during the whole wait. Said only after a server said so.
    #[error("key [{key}] tryLock fail: waited {waited:?}{}", Holder::suffix(.holder.as_ref()))]
    Busy {
        /// The lock's full name.
        key: String,
        /// How long the call waited.
        waited: Duration,
        /// Who held it when the server was last asked.
        holder: Option<Holder>,
    },
    /// The server could not be reached, or could not do its work, within the wait. Whether it has recorded the lock
    /// may be unknown; whatever it recorded is undone in the background.
    #[error("key [{key}] tryLock fail: error message: lock server unavailable after {waited:?}: {reason}")]
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
         use another prefix, name or namespace"
    )]
    ForeignData {
        /// The lock's full name.
        key: String,
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
        /// The lock's name without a namespace, which belongs to the manager.
        key: String,
    },
    /// The manager was shut down, or its background thread has ended.
    #[error("key [{key}] tryLock fail: error message: the lock manager is shut down")]
    ShutDown {
        /// The lock's full name.
        key: String,
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
    /// The manager itself could not be made: a wrong URL, a missing feature, a server that lacks what is needed.
    #[error("lock manager: {message}")]
    Config {
        /// What is wrong and what to write.
        message: String,
    },
}

impl LockError {
    /// The lock's name; empty for [`LockError::Config`], which is about no single lock.
    #[must_use]
    pub fn key(&self) -> &str {
        match self {
            Self::Busy { key, .. }
            | Self::Unavailable { key, .. }
            | Self::Refused { key, .. }
            | Self::ForeignData { key }
            | Self::Key { key, .. }
            | Self::Params { key, .. }
            | Self::NoManager { key }
            | Self::ShutDown { key }
            | Self::Lost { key, .. } => key,
            Self::Config { .. } => "",
        }
    }

    /// Whether somebody else held the lock; the only failure after which trying again later is all there is to do.
    #[must_use]
    pub const fn is_busy(&self) -> bool {
        matches!(self, Self::Busy { .. })
    }
}

impl From<LockError> for std::io::Error {
    fn from(error: LockError) -> Self {
        let kind = match error {
            LockError::Busy { .. } => std::io::ErrorKind::WouldBlock,
            LockError::Unavailable { .. } | LockError::ShutDown { .. } => std::io::ErrorKind::NotConnected,
            LockError::Refused { .. } => std::io::ErrorKind::PermissionDenied,
            LockError::Key { .. } | LockError::Params { .. } | LockError::Config { .. } => {
                std::io::ErrorKind::InvalidInput
            }
            _ => std::io::ErrorKind::Other,
        };
        Self::new(kind, error)
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

/// Who holds a lock, as told by the server or known in this process.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Holder {
    /// `host/pid function`, as recorded when the lock was taken.
    pub record: String,
    /// How long the holder's lease still ran when the server was last asked. A live holder renews it.
    pub lease_left: Duration,
    /// Whether it is a hold of this very process: a guard kept by hand, perhaps of this very task.
    pub in_this_process: bool,
}

impl Holder {
    /// A holder in this process.
    pub(crate) fn here(record: &str, lease_left: Duration) -> Self {
        Self {
            record: record.to_owned(),
            lease_left,
            in_this_process: true,
        }
    }

    fn suffix(holder: Option<&Self>) -> String {
        match holder {
            Some(holder) if holder.in_this_process => format!(
                "; held in this process by {} (lease left {:?}); if your own task holds it by hand, \
                 run the nested call inside `guard.scope(..)`",
                holder.record, holder.lease_left
            ),
            Some(holder) => format!("; held by {} (lease left {:?})", holder.record, holder.lease_left),
            None => String::new(),
        }
    }
}
