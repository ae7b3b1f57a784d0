//! A master behind sentinels: found, and followed when it changes.

mod companions;
mod crowd;
mod failover;
mod found;
mod replicas;
mod replicas_kinds;
mod stale;
mod ways;

use std::time::Duration;

use lock_core::LockManager;

/// That the lock can be taken, and given back.
async fn take(locks: &LockManager, name: &str) {
    let guard = locks.lock(name).wait(Duration::from_secs(20)).acquire().await;
    let guard = guard.unwrap_or_else(|error| panic!("{name} can't be taken: {error}"));
    guard.release().await.unwrap_or_else(|error| panic!("{name} can't be given back: {error}"));
}
