//! A body, raced against the loss of its lock.

use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use super::entry::Entry;
use super::frame::Frame;
use crate::error::{BodyOutcome, LockError};
use crate::params::OnLost;

/// A body where its caller has pinned it: it is never moved, so a big one is there once. Dropping this drops it.
pub(crate) struct Pinned<'a, F>(Pin<&'a mut Option<F>>);

impl<'a, F: Future> Pinned<'a, F> {
    pub(crate) fn new(body: Pin<&'a mut Option<F>>) -> Self {
        Self(body)
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<F::Output> {
        match self.0.as_mut().as_pin_mut() {
            Some(body) => body.poll(context),
            // It is taken out only when this is dropped.
            None => Poll::Pending,
        }
    }
}

impl<F> Drop for Pinned<'_, F> {
    fn drop(&mut self) {
        self.0.set(None);
    }
}

/// Runs `body` inside `entry`, then ends the entry.
///
/// Each poll looks at the loss first, then polls the body: no line of it starts after a known loss. The body goes into an
/// inner block, so whoever drops this future drops the body and its arguments first, and the lock is freed after them.
pub(crate) async fn run_body<F: Future>(
    entry: Entry,
    on_lost: OnLost,
    body: Pinned<'_, F>,
    is_failure: impl Fn(&F::Output) -> bool,
) -> Result<F::Output, LockError> {
    let frame = Frame::new(entry.place().clone());
    let output = {
        let mut body = body;
        let mut lost = pin!(entry.lease().lost());
        std::future::poll_fn(|context| {
            if on_lost == OnLost::Cancel && lost.as_mut().poll(context).is_ready() {
                return Poll::Ready(None);
            }
            frame.enter(|| body.poll(context)).map(Some)
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
    let lost = |body| entry.lease().lost_error(entry.lease().name(), body);
    match output {
        None => Err(lost(BodyOutcome::Cancelled)),
        Some(output) if on_lost == OnLost::Finish || is_failure(&output) || !entry.lease().is_lost() => {
            Ok(output)
        }
        Some(_) => Err(lost(BodyOutcome::Finished)),
    }
}
