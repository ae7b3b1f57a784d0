//! A body, raced against the loss of its lock.

use std::pin::pin;
use std::task::Poll;

use super::entry::Entry;
use super::frame::{Frame, poll_in};
use crate::error::{BodyOutcome, LockError};
use crate::params::OnLost;

/// Runs `body` inside `entry`, then ends the entry.
///
/// Each poll looks at the loss first, then polls the body: no line of it starts after a known loss. The entry is this
/// function's argument and the body is pinned in an inner block, so whoever drops this future drops the body and its
/// arguments first, and the lock is freed after them.
pub(crate) async fn run_body<F: Future>(
    entry: Entry,
    on_lost: OnLost,
    body: F,
    is_failure: impl Fn(&F::Output) -> bool,
) -> Result<F::Output, LockError> {
    let frame = Frame::new(entry.place().clone());
    let output = {
        let mut body = pin!(body);
        let mut lost = pin!(entry.lease().lost());
        std::future::poll_fn(|context| {
            if on_lost == OnLost::Cancel && lost.as_mut().poll(context).is_ready() {
                return Poll::Ready(None);
            }
            poll_in(Some(&frame), body.as_mut(), context).map(Some)
        })
        .await
    };
    let verdict = judge(&entry, on_lost, output, is_failure);
    // The body's outcome stands, whatever comes of the release: the engine logs it and goes on trying.
    let _ = entry.end().await;
    verdict
}

/// The same for a plain function, which nothing can cancel.
pub(crate) fn run_body_blocking<R>(
    entry: Entry,
    on_lost: OnLost,
    body: impl FnOnce() -> R,
    is_failure: impl Fn(&R) -> bool,
) -> Result<R, LockError> {
    let output = if on_lost == OnLost::Cancel && entry.lease().is_lost() {
        None
    } else {
        Some(Frame::new(entry.place().clone()).enter(body))
    };
    let verdict = judge(&entry, on_lost, output, is_failure);
    let _ = crate::engine::block_on(entry.end());
    verdict
}

/// The body's failure is always returned as it is, its success if it came inside the validity.
fn judge<R>(
    entry: &Entry,
    on_lost: OnLost,
    output: Option<R>,
    is_failure: impl Fn(&R) -> bool,
) -> Result<R, LockError> {
    let lost = |body| LockError::Lost { key: entry.lease().name().to_string(), body };
    match output {
        None => Err(lost(BodyOutcome::Cancelled)),
        Some(output) if on_lost == OnLost::Finish || is_failure(&output) || !entry.lease().is_lost() => {
            Ok(output)
        }
        Some(_) => Err(lost(BodyOutcome::Finished)),
    }
}
