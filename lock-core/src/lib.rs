//! Distributed locks for Rust services.

pub mod backend;
pub mod clock;
mod engine;
mod error;
mod key;
mod name;
mod params;

pub use error::{BodyOutcome, Holder, LockError};
pub use key::{
    DELIMITER_CHARACTERS, ENCODED_CHARACTERS, IntoLockKey, KeyError, KeyWriter, LockKey, LockKeyPart,
    MAX_DELIMITER_CHARACTERS, MAX_NAME_BYTES, MAX_NAMESPACE_BYTES, MAX_PART_BYTES, MAX_PARTS,
};
pub use name::LockName;
pub use params::{
    DEFAULT_DELIMITER, DEFAULT_EXPIRE, DEFAULT_KEY_PREFIX, DEFAULT_WAIT, LockKind, LockParams, MAX_EXPIRE,
    MIN_EXPIRE, OnLost,
};
