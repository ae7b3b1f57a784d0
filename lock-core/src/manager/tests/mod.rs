//! Kinds of locks in memory, as a user takes them.

#[cfg(feature = "macros")]
mod by_key;
mod downgrade;
mod multi;
mod nesting;
mod red;
