//! Tasks that take locks again and again and write down when they held them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use lock_core::LockManager;
use lock_tests::{Recorder, now_ns, until_async};
use tokio::task::JoinHandle;

use super::PATIENCE;

/// How long a lock is lost at most whose holder could not give it back.
pub(crate) const LEASE: Duration = Duration::from_secs(2);

/// Takers, and how often each has taken its lock.
pub(crate) struct Load {
    recorder: Recorder,
    stop: Arc<AtomicBool>,
    takers: Vec<(Arc<AtomicU64>, JoinHandle<()>)>,
}

impl Load {
    pub(crate) fn new(recorder: &Recorder) -> Self {
        Self { recorder: recorder.clone(), stop: Arc::default(), takers: Vec::new() }
    }

    /// One more task that takes the locks `names` in turn, each for a moment.
    pub(crate) fn take(&mut self, locks: &LockManager, names: &[String]) {
        let (locks, names, recorder) = (locks.clone(), names.to_vec(), self.recorder.clone());
        let (stop, taken) = (Arc::clone(&self.stop), Arc::new(AtomicU64::new(0)));
        let who = format!("task {}", self.takers.len());
        let count = Arc::clone(&taken);
        let task = tokio::spawn(async move {
            for name in names.iter().cycle() {
                if stop.load(Ordering::Relaxed) {
                    return;
                }
                let request = locks.lock(name.as_str()).wait(PATIENCE).expire(LEASE);
                let guard = request.acquire().await.expect("its turn comes");
                let hold = recorder.took(guard.name().as_str(), &who, guard.token());
                tokio::time::sleep(Duration::from_millis(1)).await;
                let now = now_ns();
                if !guard.is_lost() {
                    hold.valid_at(now);
                }
                // What became of a lock that was lost the next taker's token tells.
                let _ = guard.release().await;
                count.fetch_add(1, Ordering::Relaxed);
            }
        });
        self.takers.push((taken, task));
    }

    /// Lets it go on for `duration` at least, and until every task has taken a lock ten times more.
    pub(crate) async fn goes_on(&self, duration: Duration, while_: &str) {
        let start = Instant::now();
        let before: Vec<u64> = self.takers.iter().map(|(taken, _)| taken.load(Ordering::Relaxed)).collect();
        until_async(duration + PATIENCE, while_, || {
            let grown = |(at, (taken, _)): (usize, &(Arc<AtomicU64>, _))| {
                taken.load(Ordering::Relaxed) >= before[at] + 10
            };
            start.elapsed() >= duration && self.takers.iter().enumerate().all(grown)
        })
        .await;
    }

    /// Ends it.
    pub(crate) async fn end(self) {
        self.stop.store(true, Ordering::Relaxed);
        for (_, task) in self.takers {
            task.await.expect("no panic");
        }
    }
}
