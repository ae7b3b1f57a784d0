//! Tasks that do pairs until the time is over.

use std::time::{Duration, Instant};

use tokio::runtime::Runtime;

use crate::rounds::median;

/// Something that can be acquired and released.
pub(crate) trait Pair: Clone + Send + 'static {
    /// Acquires and releases the lock of `key` once.
    fn pair(&mut self, key: u64) -> impl Future<Output = ()> + Send;
}

/// The median time of a pair, in ns, with one task.
pub(crate) fn latency(runtime: &Runtime, subject: &impl Pair, turn: Duration) -> f64 {
    let mut subject = subject.clone();
    let task = runtime.spawn(async move {
        let mut times = Vec::new();
        let begin = Instant::now();
        let mut last = begin;
        while last - begin < turn {
            subject.pair(0).await;
            let now = Instant::now();
            times.push((now - last).as_nanos() as f64);
            last = now;
        }
        times
    });
    median(&runtime.block_on(task).unwrap())
}

/// Pairs a second of that many tasks together.
pub(crate) fn throughput(runtime: &Runtime, subject: &impl Pair, tasks: u64, turn: Duration) -> f64 {
    let begin = Instant::now();
    let tasks: Vec<_> = (0..tasks)
        .map(|key| {
            let mut subject = subject.clone();
            runtime.spawn(async move {
                let mut pairs = 0_u64;
                while begin.elapsed() < turn {
                    subject.pair(key).await;
                    pairs += 1;
                }
                pairs
            })
        })
        .collect();
    let pairs: u64 = tasks.into_iter().map(|task| runtime.block_on(task).unwrap()).sum();
    pairs as f64 / begin.elapsed().as_secs_f64()
}
