//! Attempts at a majority, until the wait is over.

use std::sync::Arc;

use super::masters::Masters;
use super::pause::{random_pause, until};
use super::quorum::Quorum;
use super::round::{Failed, Round};
use crate::backend::REQUEST_LIMIT;
use crate::engine::Want;
use crate::error::LockError;
use crate::params::beyond_red_limit;

/// Takes the lock on a majority of `masters`. No queue: grants would split, and the votes with them.
pub(crate) async fn acquire_red(masters: &Arc<Masters>, want: Want) -> Result<Quorum, LockError> {
    if want.expire > masters.max_lease() {
        return Err(beyond_red_limit(want.name.as_str(), want.expire, masters.max_lease()));
    }
    let engine = masters.first();
    let since = engine.now();
    let deadline = since + want.wait;
    // The first attempt may take the request limit, whatever the wait is.
    let latest = deadline.max(since + REQUEST_LIMIT);
    let (mut tries, mut heard, mut before) = (0, Vec::new(), None);
    loop {
        let failed = match Round::begin(masters, &want, heard, latest).await {
            Ok(won) => return Ok(Quorum::begin(masters, want, won)),
            Err(failed) => failed,
        };
        let Failed { error, slowest, heard: of_this } = failed;
        heard = of_this;
        let now = engine.now();
        // An attempt that was cut short by the end of the wait says less than the one before it.
        let error = match (before.take(), error) {
            (Some(before), LockError::Unavailable { .. }) if now >= latest => before,
            (_, error) => error,
        };
        if now >= deadline || !error.may_pass() {
            return Err(error.after(now.since(since)));
        }
        until(engine, deadline.min(now + random_pause(slowest, tries, engine.random()))).await;
        if engine.now() >= deadline {
            return Err(error.after(engine.now().since(since)));
        }
        before = Some(error);
        tries += 1;
    }
}
