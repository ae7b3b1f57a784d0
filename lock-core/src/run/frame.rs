//! Which holds surround the present call.

use std::pin::pin;
use std::sync::Arc;

use super::entry::Place;

tokio::task_local! {
    static INNERMOST: Here;
    /// The frame in which the present task was spawned, if it was said.
    static SPAWNED_IN: Frame;
}

/// One wrapper around the present call, linked to the one around it. Frames keep nothing held.
#[derive(Clone)]
pub(crate) struct Frame(Arc<Link>);

struct Link {
    place: Place,
    outer: Option<Frame>,
}

/// A frame, and the task in which its body is being polled.
///
/// What could go wrong: a body runs a `LocalSet` or a whole runtime, whose tasks are polled inside its scope and would pass
/// for nested calls, two bodies at once. They can't: a frame counts only under the task id that it was entered with.
struct Here {
    frame: Frame,
    task: Option<tokio::task::Id>,
}

impl Frame {
    pub(crate) fn new(place: Place) -> Self {
        Self(Arc::new(Link { place, outer: current_frame() }))
    }

    /// The places around the present call, innermost first.
    pub(crate) fn places(&self) -> impl Iterator<Item = &Place> {
        std::iter::successors(Some(self), |frame| frame.0.outer.as_ref()).map(|frame| &frame.0.place)
    }

    /// Runs `inside` with this frame as the innermost.
    pub(crate) fn enter<R>(&self, inside: impl FnOnce() -> R) -> R {
        INNERMOST.sync_scope(Here { frame: self.clone(), task: tokio::task::try_id() }, inside)
    }
}

/// The innermost frame around the present call, if any.
pub(crate) fn current_frame() -> Option<Frame> {
    INNERMOST.try_with(|here| (here.task == tokio::task::try_id()).then(|| here.frame.clone())).ok().flatten()
}

/// The frame in which the task of the present call was spawned, as far as that is known. Its holds are not around the call.
pub(crate) fn spawned_in() -> Option<Frame> {
    SPAWNED_IN.try_with(Frame::clone).ok()
}

/// Remembers the present frame for a future that is to run in another task.
pub(crate) fn remember_frame<F: Future>(future: F) -> impl Future<Output = F::Output> {
    let frame = current_frame();
    async move {
        match frame {
            Some(frame) => SPAWNED_IN.scope(frame, future).await,
            None => future.await,
        }
    }
}

/// Polls `future` with `frame` as the innermost; without a frame, as it is.
pub(crate) async fn with_frame<F: Future>(frame: Option<Frame>, future: F) -> F::Output {
    let mut future = pin!(future);
    std::future::poll_fn(|context| match &frame {
        Some(frame) => frame.enter(|| future.as_mut().poll(context)),
        None => future.as_mut().poll(context),
    })
    .await
}
