//! Bringing waiters into a queue in a known order.

use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use tokio::task::JoinHandle;

use crate::stage::Stage;
use crate::until_async;

/// Spawns `waiter`, a task that waits for the lock `name`, and returns when it has arrived in the queue.
///
/// # Panics
/// If it does not arrive.
pub async fn arrive<F>(stage: &Stage, name: &str, waiter: F) -> JoinHandle<F::Output>
where
    F: Future<Output: Send> + Send + 'static,
{
    let before = record_length(stage, name);
    let mut waiter: Pin<Box<F>> = Box::pin(waiter);
    // In memory the first poll is the arrival.
    let first = std::future::poll_fn(|context| Poll::Ready(waiter.as_mut().poll(context))).await;
    assert!(first.is_pending(), "the lock was free, there was nothing to wait for");
    let task = tokio::spawn(waiter);
    if stage.has_server().is_some() {
        // A place in the queue makes the lock's record longer by an id; nothing else does.
        until_async(Duration::from_secs(5), "the waiter is in the queue", || {
            record_length(stage, name) >= before + 32
        })
        .await;
    }
    task
}

/// The serialized length of the lock's key, whatever its layout is.
fn record_length(stage: &Stage, name: &str) -> usize {
    let Some(server) = stage.has_server() else {
        return 0;
    };
    let length = server.must(&["EVAL", "return #(redis.call('DUMP', KEYS[1]) or '')", "1", name]);
    length.integer().and_then(|length| usize::try_from(length).ok()).expect("a length")
}
