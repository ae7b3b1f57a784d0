//! Which holds surround the present call.

use std::pin::pin;
use std::sync::Arc;

use super::entry::Place;

tokio::task_local! {
    static INNERMOST: Here;
}

/// One wrapper around the present call, linked to the one around it. Frames keep nothing held.
#[derive(Clone)]
pub(crate) struct Frame(Arc<Link>);

struct Link {
    place: Place,
    outer: Option<Frame>,
    /// How many frames there are, with this one.
    depth: usize,
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
        let outer = current_frame();
        let depth = 1 + outer.as_ref().map_or(0, Self::depth);
        Self(Arc::new(Link { place, outer, depth }))
    }

    /// How many frames there are around the present call, with this one.
    pub(super) fn depth(&self) -> usize {
        self.0.depth
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

/// Polls `future` with `frame` as the innermost; without a frame, as it is.
pub(crate) async fn with_frame<F: Future>(frame: Option<Frame>, future: F) -> F::Output {
    let mut future = pin!(future);
    std::future::poll_fn(|context| match &frame {
        Some(frame) => frame.enter(|| future.as_mut().poll(context)),
        None => future.as_mut().poll(context),
    })
    .await
}
