//! How long, how many, how much.

use std::time::Duration;

/// The shortest lease. Below it the lease would be over before the first renewal could arrive.
pub const MIN_EXPIRE: Duration = Duration::from_millis(10);
/// The longest lease.
pub const MAX_EXPIRE: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// The most bytes that one part of a key may have: 1 MiB. What is longer is not an identifier, and is an error.
pub const MAX_PART_BYTES: usize = 1024 * 1024;

/// The most parts that a key may have.
pub const MAX_PARTS: usize = 64;

/// The most names that one lock may have.
pub const MAX_NAMES: usize = 128;
