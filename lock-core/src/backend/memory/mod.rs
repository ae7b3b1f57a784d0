//! The in-process backend: locks between the tasks and managers of one process, and for tests.
//!
//! It runs the same protocol as the Redis scripts: `step`, one pure function that those are tested against.

mod backend;
mod clock;
mod foreign;
#[cfg(test)]
pub(crate) mod marker;
pub(crate) mod queue;
#[cfg(all(test, feature = "redis"))]
pub(crate) mod raw;
pub(crate) mod readers;
pub(crate) mod record;
#[cfg(test)]
pub(crate) mod rules;
pub(crate) mod step;
mod store;

pub use backend::MemoryBackend;
pub use clock::ManualClock;
pub use foreign::ForeignHold;
pub(crate) use foreign::WeakForeignHold;
#[cfg(test)]
pub(crate) use {
    queue::{Waiter, text},
    record::{Owner, Record},
    step::{Published, Step, step},
};
