//! Locks on a Redis Cluster.

mod connecting;
mod failover;
mod lost_replies;
mod many;
mod moving;
mod nodes;
mod redirects;
mod replicas;

use lock_core::LockManager;
use lock_tests::Cluster;

use super::PATIENCE;

/// Of three masters `LOCK:a` is at the second one; these are at the first one and at the last one.
const FAR: [&str; 2] = ["d", "b"];

/// Plays in a runtime of its own; afterwards nothing may be left.
pub(super) fn play(cluster: &Cluster, test: impl AsyncFn(&Cluster)) {
    super::play(async || test(cluster).await);
    cluster.nothing_is_left();
}

async fn manager(cluster: &Cluster) -> LockManager {
    LockManager::connect(&cluster.url()).await.expect("the cluster can be connected to")
}
