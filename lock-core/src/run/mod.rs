//! Acquire, run the body against the loss of its lock, release; and who is inside whom.

mod body;
mod downgrade;
mod enter;
mod entry;
mod frame;
mod held;
mod hold;
mod join;
mod outcome;
mod owned;
mod unreported;

pub(crate) use body::{Pinned, run_body, run_body_blocking};
pub(crate) use downgrade::downgrade;
pub(crate) use enter::{Entering, enter, enter_all, enter_red};
pub(crate) use entry::Entry;
pub(crate) use frame::{Frame, with_frame};
pub use held::Held;
pub use hold::{Hold, HoldWhen};
pub use outcome::{LockOutcome, Outcome, Reporting, Skippable};
pub use unreported::unreported_errors;
