//! Bringing waiters into a queue in a known order.

use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use tokio::task::JoinHandle;

use crate::stage::Stage;
use crate::until_async;

/// Spawns `waiter`, a task that waits for the lock `key`, and returns when it has arrived in the queue. Of several
/// independent masters, which have no queue, it returns when the waiter has asked.
///
/// # Panics
/// If it does not arrive.
pub async fn arrive<F>(stage: &Stage, key: &str, waiter: F) -> JoinHandle<F::Output>
where
    F: Future<Output: Send> + Send + 'static,
{
    let before = stage.record_length(key);
    let mut waiter: Pin<Box<F>> = Box::pin(waiter);
    // In memory the first poll is the arrival.
    let first = std::future::poll_fn(|context| Poll::Ready(waiter.as_mut().poll(context))).await;
    assert!(first.is_pending(), "the lock was free, there was nothing to wait for");
    let task = tokio::spawn(waiter);
    if let Some(before) = before {
        // A place in the queue makes the lock's record longer by an id; nothing else does.
        until_async(Duration::from_secs(5), "the waiter is in the queue", || {
            stage.record_length(key).is_some_and(|length| length >= before + 32)
        })
        .await;
    }
    task
}
