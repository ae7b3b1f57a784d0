//! Futures that are dropped half-way.

use std::pin::Pin;
use std::task::{Context, Poll};

/// See [`drop_after`].
#[derive(Debug)]
pub struct DropAfter<F> {
    inner: Option<Pin<Box<F>>>,
    left: usize,
}

/// Polls `future` as often as its wakers ask for, at most `polls` times; then drops it. Gives its output, or `None` if it
/// was dropped before its end.
pub fn drop_after<F: Future>(polls: usize, future: F) -> DropAfter<F> {
    DropAfter { inner: Some(Box::pin(future)), left: polls }
}

impl<F: Future> Future for DropAfter<F> {
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        if this.left > 0 {
            this.left -= 1;
            let Some(inner) = this.inner.as_mut() else {
                return Poll::Ready(None);
            };
            if let Poll::Ready(output) = inner.as_mut().poll(context) {
                this.inner = None;
                return Poll::Ready(Some(output));
            }
        }
        if this.left == 0 {
            this.inner = None;
            return Poll::Ready(None);
        }
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn it_is_dropped_at_the_asked_poll() {
        let three_polls = || async {
            tokio::task::yield_now().await;
            tokio::task::yield_now().await;
            "end"
        };
        assert_eq!(drop_after(0, three_polls()).await, None);
        assert_eq!(drop_after(2, three_polls()).await, None);
        assert_eq!(drop_after(3, three_polls()).await, Some("end"));
    }
}
