//! Ending a manager before its process ends.

use std::task::Poll;
use std::time::Duration;

use super::LockManager;
use crate::engine::{Engine, ShutdownReport};

impl LockManager {
    /// Ends this manager and all its clones: new calls fail with [`LockError::ShutDown`](crate::LockError::ShutDown), so
    /// do the waiting ones; what is held may finish within `within`; releases are flushed. What is still held then is
    /// reported and counts as lost: it is not renewed any more, and the server frees it when its lease is over.
    ///
    /// Call it on SIGTERM, or at the end of `main`: a release that is only queued dies with the process, and the lock then
    /// stays until its lease is over.
    ///
    /// # Cancel safety
    /// Dropping the future leaves the manager refusing new calls; what is held stays held.
    pub async fn shutdown(&self, within: Duration) -> ShutdownReport {
        let engines: Vec<_> = self.engines().cloned().collect();
        engines.iter().for_each(Engine::close);
        // A manager without any can't be made.
        let Some(first) = engines.first() else { return ShutdownReport::default() };
        let until = first.now() + within;
        let alarm = first.alarm();
        let report = std::future::poll_fn(|context| {
            let report = ShutdownReport::merged(engines.iter().map(Engine::report));
            let now = first.now();
            if report.is_clean() || now >= until {
                return Poll::Ready(report);
            }
            let is_set = alarm.set(until.min(now + Duration::from_millis(5)), context);
            if is_set { Poll::Pending } else { Poll::Ready(report) }
        })
        .await;
        engines.iter().for_each(Engine::end);
        report
    }
}
