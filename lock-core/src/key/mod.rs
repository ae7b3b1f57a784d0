//! What names a lock: parts taken from the arguments of a call, kept apart until the manager joins them.
//!
//! A [`LockKey`] holds parts, not text, because the delimiter is known only when the name is made, and because text
//! that is joined too early (`a:b` + `c` and `a` + `b:c`) would let two different calls share one lock. The way from
//! a value to a name:
//!
//! ```text
//! LockKeyPart  --KeyWriter-->  LockKey (parts)  --join-->  LockName (encoded, at most 255 bytes)
//!    part.rs       writer.rs     lock_key.rs        join.rs     ../name.rs
//! ```
//!
//! Generators ([`LockKeyGenerator`]), which make keys from a [`JoinPoint`], return a [`LockKey`] too, never a name.

#[cfg(test)]
mod both_crates;
mod charset;
#[cfg(all(test, feature = "macros"))]
mod derived_properties;
mod encode;
mod error;
mod generator;
mod into_key;
mod join;
mod join_point;
mod lock_key;
mod long_name;
mod part;
mod part_tuples;
mod part_values;
mod parts;
#[cfg(test)]
mod properties;
mod spelling;
#[cfg(test)]
mod stable_names;
mod writer;

pub use charset::MAX_NAMESPACE_BYTES;
pub(crate) use charset::check_namespace;
pub use error::KeyError;
pub use generator::LockKeyGenerator;
pub use into_key::IntoLockKey;
pub(crate) use join::{join, name_so_far};
pub use join_point::{Arg, JoinPoint};
pub use lock_key::LockKey;
pub use lock_rules::{DELIMITER_CHARACTERS, ENCODED_CHARACTERS, MAX_DELIMITER_CHARACTERS};
pub use long_name::MAX_NAME_BYTES;
pub use part::LockKeyPart;
pub use spelling::HeldKey;
pub(crate) use spelling::{Sought, Spelled, Spelling};
pub use writer::{KeyWriter, MAX_PART_BYTES, MAX_PARTS};
