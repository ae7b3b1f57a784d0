//! Ending a manager before its process ends.

use std::task::Poll;
use std::time::Duration;

use super::LockManager;
use crate::engine::ShutdownReport;

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
        let engine = self.engine();
        engine.close();
        let until = engine.now() + within;
        let alarm = engine.alarm();
        let report = std::future::poll_fn(|context| {
            let report = engine.report();
            let now = engine.now();
            if report.is_clean() || now >= until {
                return Poll::Ready(report);
            }
            alarm.set(until.min(now + Duration::from_millis(5)), context);
            Poll::Pending
        })
        .await;
        engine.end();
        report
    }
}
