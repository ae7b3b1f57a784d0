//! What an expression, a pattern and a type are made of.
//!
//! Written out, since syn's visitors know the whole language and are compiled anew for each use: they were a third of what this
//! crate took to build.

mod expressions;
mod patterns;
mod types;

pub(crate) use expressions::{Part, parts};
pub(crate) use patterns::{patterns, patterns_mut};
pub(crate) use types::{hides, types};
