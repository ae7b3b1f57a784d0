//! Waiting for something to become true, with a bound.

use std::time::{Duration, Instant};

const STEP: Duration = Duration::from_millis(2);

/// Looks until `condition` holds; blocks the thread.
///
/// # Panics
/// If it does not within `limit`; `what` says what was expected.
#[track_caller]
pub fn until(limit: Duration, what: &str, mut condition: impl FnMut() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < limit, "not within {limit:?}: {what}");
        std::thread::sleep(STEP);
    }
}

/// Looks until `condition` holds; the task's other work goes on.
///
/// # Panics
/// If it does not within `limit`; `what` says what was expected.
pub async fn until_async(limit: Duration, what: &str, mut condition: impl FnMut() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < limit, "not within {limit:?}: {what}");
        tokio::time::sleep(STEP).await;
    }
}
