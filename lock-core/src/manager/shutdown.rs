//! Ending a manager before its process ends.

use std::task::Poll;
use std::time::Duration;

use super::LockManager;
use crate::backend::REQUEST_LIMIT;
use crate::clock::Moment;
use crate::engine::{Engine, ShutdownReport};

/// How long a holder may take that was told to let go.
const LET_GO: Duration = Duration::from_millis(250);

impl LockManager {
    /// Ends this manager and all its clones: new calls fail with [`LockError::ShutDown`](crate::LockError::ShutDown), so
    /// do the waiting ones; what is held may finish within `within`; releases are flushed.
    ///
    /// What is still held then counts as lost and is not renewed any more. Bodies that are cancelled when their lock is lost
    /// are dropped at their next await, their callers get [`LockError::ShutDown`](crate::LockError::ShutDown), and their locks are
    /// freed before this returns, up to a second after `within`. A lock whose holder can't be cancelled, as a plain function, or does
    /// not let go, as a guard that somebody keeps, is reported; the server frees it when its lease is over.
    ///
    /// Call it on SIGTERM, with less time than the process is given.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), lock_core::LockError> {
    /// use std::time::Duration;
    ///
    /// let locks = lock_core::LockManager::connect("memory:").await?;
    /// let guard = locks.lock("a").acquire().await?;
    /// drop(guard);
    /// let report = locks.shutdown(Duration::from_secs(20)).await;
    /// assert!(report.is_clean());
    /// # Ok(()) }
    /// ```
    ///
    /// # Cancel safety
    /// Dropping the future leaves the manager refusing new calls; what is held stays held.
    pub async fn shutdown(&self, within: Duration) -> ShutdownReport {
        let engines: Vec<_> = self.engines().cloned().collect();
        engines.iter().for_each(Engine::close);
        // A manager without any can't be made.
        let Some(first) = engines.first() else { return ShutdownReport::default() };
        let until = first.now() + within;
        let report = reported(&engines, first, |report, now| report.nothing_is_left() || now >= until).await;
        if report.nothing_is_left() {
            engines.iter().for_each(Engine::end);
            return report;
        }
        let told = report.still_held;
        engines.iter().for_each(Engine::stop);
        let report = reported(&engines, first, |report, now| {
            // A holder that is there to let go does so at once; then the server has to say that the lock is free.
            report.nothing_is_left()
                || (now >= until + LET_GO && report.unconfirmed.is_empty())
                || now >= until + REQUEST_LIMIT
        });
        let report = report.await.with_cancelled(told);
        engines.iter().for_each(Engine::end);
        report
    }
}

/// What is left, as soon as that is `enough`.
async fn reported(
    engines: &[Engine],
    first: &Engine,
    enough: impl Fn(&ShutdownReport, Moment) -> bool,
) -> ShutdownReport {
    const LOOK_EVERY: Duration = Duration::from_millis(5);
    let alarm = first.alarm();
    std::future::poll_fn(|context| {
        let report = ShutdownReport::merged(engines.iter().map(Engine::report));
        let now = first.now();
        if enough(&report, now) {
            return Poll::Ready(report);
        }
        let is_set = alarm.set(now + LOOK_EVERY, context);
        if is_set { Poll::Pending } else { Poll::Ready(report) }
    })
    .await
}
