//! A call within the body of a hold, for the same locks: it shares the hold, however long others wait.

use std::io;
use std::time::Duration;

use lock_core::{LockError, LockGuard};

use super::hold::Hold;
use super::plan::Plan;
use super::section::Surroundings;

/// A guard within a hold.
#[derive(Debug)]
pub(super) struct Nested(LockGuard);

impl Nested {
    /// Begins one. `None` if the hold is lost by now; fails if another lock is given, or none.
    pub(super) async fn begin(around: &Surroundings, plan: &Plan, hold: &Hold) -> io::Result<Option<Self>> {
        match plan.request(&around.locks).wait(Duration::ZERO).acquire().await {
            Ok(guard) if guard.held().tokens() == hold.held().tokens() => Ok(Some(Self(guard))),
            Ok(guard) => Err(io::Error::other(format!("a nested call was given another hold: {guard:?}"))),
            Err(error) => excused(&error, hold).map(|()| None),
        }
    }

    /// Ends it; the hold goes on.
    pub(super) async fn end(self, hold: &Hold) -> io::Result<()> {
        match self.0.release().await {
            Ok(()) => Ok(()),
            Err(error) => excused(&error, hold),
        }
    }
}

fn excused(error: &LockError, hold: &Hold) -> io::Result<()> {
    if hold.held().is_lost() {
        return Ok(());
    }
    Err(io::Error::other(format!("a nested call within a good hold: {error}")))
}
