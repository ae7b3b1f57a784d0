//! Bringing waiters into a queue in a known order.

use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use tokio::task::JoinHandle;

use crate::resp::{Connection, Value};
use crate::stage::Stage;
use crate::topology::Topology;
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
    arrive_in(|| stage.record_length(key), waiter).await
}

/// As [`arrive`], on servers that are broken meanwhile, and so on no stage; `name` is the lock's full name.
///
/// # Panics
/// If it does not arrive.
pub async fn arrive_at<F>(topology: &dyn Topology, name: &str, waiter: F) -> JoinHandle<F::Output>
where
    F: Future<Output: Send> + Send + 'static,
{
    arrive_in(|| Some(record_length(topology.masters(), name)), waiter).await
}

async fn arrive_in<F>(length: impl Fn() -> Option<usize>, waiter: F) -> JoinHandle<F::Output>
where
    F: Future<Output: Send> + Send + 'static,
{
    let before = length();
    let mut waiter: Pin<Box<F>> = Box::pin(waiter);
    // In memory the first poll is the arrival.
    let first = std::future::poll_fn(|context| Poll::Ready(waiter.as_mut().poll(context))).await;
    assert!(first.is_pending(), "the lock was free, there was nothing to wait for");
    let task = tokio::spawn(waiter);
    if let Some(before) = before {
        // A place in the queue makes the lock's record longer by an id; nothing else does.
        until_async(Duration::from_secs(5), "the waiter is in the queue", || {
            length().is_some_and(|length| length >= before + 32)
        })
        .await;
    }
    task
}

/// The serialized length of the record of the lock `name`, whatever its layout is, on the one of `masters` that keeps it.
pub(crate) fn record_length(masters: Vec<Connection>, name: &str) -> usize {
    let length = ["EVAL", "return #(redis.call('DUMP', KEYS[1]) or '')", "1", name];
    let replies = masters.into_iter().map(|mut master| master.command(&length).expect("an answer"));
    // A master of a cluster that is not the key's says so.
    let mut lengths = replies.filter(|reply| !reply.is_error("MOVED"));
    let length = lengths.next().as_ref().and_then(Value::integer);
    usize::try_from(length.expect("a length")).expect("a length")
}
