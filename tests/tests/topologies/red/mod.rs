//! Red locks: independent masters that freeze, die, forget and come back.

mod connecting;
mod crowd;
mod five;
mod flushed;
mod frozen;
mod frozen_under_a_hold;
mod history;
mod refused;
mod repair;
mod restarted;
mod slow;
mod taking;

use std::time::Duration;

use lock_core::{LockError, LockGuard, LockManager};
use lock_tests::{Binary, each_server};

const PATIENCE: Duration = Duration::from_secs(30);
/// How long a busy machine may need for what takes a few milliseconds.
const SLACK: Duration = Duration::from_secs(2);

/// Runs `test` on every server that is found, on a runtime of its own.
#[track_caller]
fn on_each<F: Future<Output = ()>>(test: impl Fn(&'static Binary) -> F + Sync) {
    each_server(|binary| {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        let test = async { tokio::time::timeout(Duration::from_secs(120), test(binary)).await };
        runtime.expect("a runtime").block_on(test).expect("it hangs");
    });
}

async fn acquire(locks: &LockManager, wait: Duration) -> Result<LockGuard, LockError> {
    locks.lock("a").red().wait(wait).acquire().await
}
