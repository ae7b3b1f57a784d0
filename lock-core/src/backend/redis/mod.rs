//! The Redis backend.

mod class;
mod scripts;
