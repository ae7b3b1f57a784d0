//! Several futures at once.

use std::task::Poll;

/// Polls all until `needed` of the `count` were true, or that many can't be any more.
pub(crate) async fn enough<F>(futures: Vec<F>, needed: usize, count: usize) -> bool
where
    F: Future<Output = bool> + Unpin,
{
    let mut open: Vec<Option<F>> = futures.into_iter().map(Some).collect();
    let (mut good, mut bad) = (0, 0);
    std::future::poll_fn(|context| {
        for slot in &mut open {
            let Some(future) = slot else { continue };
            if let Poll::Ready(true_now) = std::pin::Pin::new(future).poll(context) {
                *slot = None;
                if true_now { good += 1 } else { bad += 1 }
            }
        }
        if good >= needed {
            Poll::Ready(true)
        } else if needed > count || bad > count - needed {
            Poll::Ready(false)
        } else {
            Poll::Pending
        }
    })
    .await
}
