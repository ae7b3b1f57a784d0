//! Distributed locks for Rust services.

#[doc(hidden)]
pub mod __private;
pub mod backend;
pub mod clock;
mod engine;
mod error;
mod key;
#[cfg(test)]
mod layers;
mod manager;
mod name;
mod params;
mod run;

extern crate self as lock_core;

pub use engine::ShutdownReport;
pub use error::{BodyOutcome, Holder, LockError};
pub use key::{
    DELIMITER_CHARACTERS, ENCODED_CHARACTERS, IntoLockKey, KeyError, KeyWriter, LockKey, LockKeyPart,
    MAX_DELIMITER_CHARACTERS, MAX_NAME_BYTES, MAX_NAMESPACE_BYTES, MAX_PART_BYTES, MAX_PARTS,
};
#[cfg(feature = "macros")]
pub use lock_macros::distributed_lock;
pub use manager::{LockGuard, LockManager, LockRequest, LockSupport, ManagerBuilder, MemoryLocks};
pub use name::LockName;
pub use params::{
    DEFAULT_DELIMITER, DEFAULT_EXPIRE, DEFAULT_KEY_PREFIX, DEFAULT_WAIT, LockKind, LockParams, MAX_EXPIRE,
    MIN_EXPIRE, OnLost,
};
pub use run::{Held, LockOutcome};

#[cfg(all(doctest, feature = "macros"))]
#[doc = include_str!("../../lock-macros/src/distributed_lock.md")]
struct AttributeDoctests;
