//! What generated code holds while a body runs.

use std::pin::pin;

use super::body::{Pinned, run_body, run_body_blocking};
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

    /// Runs an async body, drops it, then releases. See the attribute's documentation for cancellation. The body is made
    /// here: handed over, it would be in the future twice.
    pub async fn run<R, F: Future<Output = R>>(
        self,
        outcome: Outcome<R>,
        make_body: impl FnOnce() -> F,
    ) -> R {
        let Self { entry, on_lost } = self;
        let body = pin!(Some(make_body()));
        let is_failure = |output: &R| outcome.is_failure(output);
        let result = run_body(entry, on_lost, Pinned::new(body), is_failure).await;
        result.unwrap_or_else(|error| outcome.failed(error))
    }

    /// Runs a plain body, then releases.
    pub fn run_blocking<R>(self, outcome: Outcome<R>, body: impl FnOnce() -> R) -> R {
        let result = run_body_blocking(self.entry, self.on_lost, body, |output| outcome.is_failure(output));
        result.unwrap_or_else(|error| outcome.failed(error))
    }
}

/// What a function with `when` has got: a held lock, or the word of its `when` that it needs none. Only the second runs a body
/// without a lock, and it is never made of an error.
#[must_use = "the lock is freed as soon as this is dropped"]
pub struct HoldWhen(Option<Hold>);

impl HoldWhen {
    pub(crate) fn wanted(hold: Hold) -> Self {
        Self(Some(hold))
    }

    pub(crate) fn not_wanted() -> Self {
        Self(None)
    }

    /// What the body may know of its lock, if it has one.
    #[must_use]
    pub fn held(&self) -> Option<Held> {
        self.0.as_ref().map(Hold::held)
    }

    /// As [`Hold::run`]; without a lock the body alone.
    pub async fn run<R, F: Future<Output = R>>(
        self,
        outcome: Outcome<R>,
        make_body: impl FnOnce() -> F,
    ) -> R {
        match self.0 {
            Some(hold) => hold.run(outcome, make_body).await,
            None => make_body().await,
        }
    }

    /// As [`Hold::run_blocking`]; without a lock the body alone.
    pub fn run_blocking<R>(self, outcome: Outcome<R>, body: impl FnOnce() -> R) -> R {
        match self.0 {
            Some(hold) => hold.run_blocking(outcome, body),
            None => body(),
        }
    }
}
