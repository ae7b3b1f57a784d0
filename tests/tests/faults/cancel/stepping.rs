//! A future that is dropped at a chosen moment.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use lock_tests::{Direction, until_async};

use super::network::Network;

const PATIENCE: Duration = Duration::from_secs(20);

#[derive(Default)]
struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// Polls `future`, and lets one message after the other through while it waits, until it is to be dropped or has ended;
/// gives its output, or `None` if it was dropped.
///
/// It is dropped at moment number `point`, from 0. The moments are: before each poll, when what it waits for has come and it
/// does not know yet; after each poll, when all messages are held back; and after each message that was let through.
pub(super) async fn drop_at<F: Future>(
    point: usize,
    network: &Network,
    direction: Direction,
    future: F,
) -> Option<F::Output> {
    let mut future = pin!(future);
    let woken = Arc::new(Woken::default());
    let waker = Waker::from(Arc::clone(&woken));
    let mut moments = 0..point;
    loop {
        moments.next()?;
        woken.0.store(false, Ordering::SeqCst);
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return Some(output);
        }
        moments.next()?;
        let mut is_woken = false;
        while !is_woken {
            let mut passed = false;
            until_async(PATIENCE, "it is woken by what passes", || {
                is_woken = woken.0.load(Ordering::SeqCst);
                passed = !is_woken && network.pass_one(direction);
                is_woken || passed
            })
            .await;
            if passed {
                moments.next()?;
            }
        }
    }
}
