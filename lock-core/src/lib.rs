//! Distributed locks for Rust services.

pub mod backend;
pub mod clock;
mod engine;
mod error;
mod key;
mod name;
mod params;

pub use error::{BodyOutcome, Holder, LockError};
pub use key::{KeyError, LockKey};
pub use name::LockName;
pub use params::{
    DEFAULT_DELIMITER, DEFAULT_EXPIRE, DEFAULT_KEY_PREFIX, DEFAULT_WAIT, LockKind, LockParams, MAX_EXPIRE,
    MIN_EXPIRE, OnLost,
};
