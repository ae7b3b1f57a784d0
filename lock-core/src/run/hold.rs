//! What generated code holds while a body runs.

use super::body::{run_body, run_body_blocking};
use super::entry::Entry;
use super::held::Held;
use super::outcome::Outcome;
use crate::params::OnLost;

/// A held lock, for one body: only [`run`](Self::run) and [`run_blocking`](Self::run_blocking) run bodies, so that none
/// can run without its lock, by types.
#[must_use = "the lock is freed as soon as this is dropped"]
pub struct Hold {
    entry: Entry,
    on_lost: OnLost,
}

impl Hold {
    pub(crate) fn new(entry: Entry, on_lost: OnLost) -> Self {
        Self { entry, on_lost }
    }

    /// What the body may know of its lock.
    #[must_use]
    pub fn held(&self) -> Held {
        Held::new(self.entry.place())
    }

    /// Runs an async body, then releases. See the attribute's documentation for cancellation.
    pub async fn run<R, F: Future<Output = R>>(self, outcome: Outcome<R>, body: F) -> R {
        let Self { entry, on_lost } = self;
        let result = run_body(entry, on_lost, body, |output| outcome.is_failure(output)).await;
        result.unwrap_or_else(|error| outcome.failed(error))
    }

    /// Runs a plain body, then releases.
    pub fn run_blocking<R>(self, outcome: Outcome<R>, body: impl FnOnce() -> R) -> R {
        let result = run_body_blocking(self.entry, self.on_lost, body, |output| outcome.is_failure(output));
        result.unwrap_or_else(|error| outcome.failed(error))
    }
}
