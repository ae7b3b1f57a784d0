//! Acquire, run the body against the loss of its lock, release; and who is inside whom.

mod body;
mod entry;
mod frame;
mod hold;
mod outcome;

pub(crate) use body::{run_body, run_body_blocking};
pub(crate) use entry::{Entry, enter};
pub(crate) use frame::{Frame, current_frame, with_frame};
pub use hold::Hold;
pub use outcome::LockOutcome;
