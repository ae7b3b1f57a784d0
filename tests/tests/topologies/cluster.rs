//! Locks on a Redis Cluster.

mod connecting;
mod failover;
mod lost_replies;
mod many;
mod moving;
mod nodes;
mod redirects;
mod replicas;

use std::time::Duration;

use lock_core::LockManager;
use lock_tests::Cluster;

use super::PATIENCE;

/// Of three masters `LOCK:a` is at the second one; these are at the first one and at the last one.
const FAR: [&str; 2] = ["d", "b"];

/// Plays in a runtime of its own; afterwards nothing may be left.
pub(super) fn play(cluster: &Cluster, test: impl AsyncFn(&Cluster)) {
    const LIMIT: Duration = Duration::from_secs(120);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime can be built");
    runtime.block_on(async {
        let ended = tokio::time::timeout(LIMIT, test(cluster)).await;
        assert!(ended.is_ok(), "hangs: not over after {LIMIT:?}");
    });
    drop(runtime);
    cluster.nothing_is_left();
}

async fn manager(cluster: &Cluster) -> LockManager {
    LockManager::connect(&cluster.url()).await.expect("the cluster can be connected to")
}
