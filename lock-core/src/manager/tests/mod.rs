//! Kinds of locks in memory, as a user takes them.

mod downgrade;
mod multi;
mod nesting;
mod red;
