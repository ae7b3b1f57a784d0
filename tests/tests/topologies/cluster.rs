//! Locks on a Redis Cluster.

use std::time::Duration;

use lock_core::LockManager;
use lock_tests::{Cluster, each_server};

const PATIENCE: Duration = Duration::from_secs(20);

/// Plays in a runtime of its own; afterwards nothing may be left.
fn play(cluster: &Cluster, test: impl AsyncFn(&Cluster)) {
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

/// A name for each slot of `slots`, out of the first that come.
fn names_on_every_node(cluster: &Cluster) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for node in cluster.nodes() {
        let name = (0..1000)
            .map(|number| format!("n{number}"))
            .find(|name| cluster.master_of(&format!("LOCK:{name}")).address() == node.address());
        names.extend(name);
    }
    names
}

#[test]
fn a_lock_works_on_every_node() {
    each_server(|binary| {
        let cluster = Cluster::start(binary, 3, 0);
        let names = names_on_every_node(&cluster);
        assert_eq!(names.len(), 3);
        play(&cluster, async |cluster| {
            let (here, there) = (manager(cluster).await, manager(cluster).await);
            for name in &names {
                let held = here.lock(name.as_str()).acquire().await.expect("it is free");
                let busy = there.lock(name.as_str()).try_acquire().await.expect("the cluster answers");
                assert!(busy.is_none(), "two hold {name}");
                let waiting = there.lock(name.as_str()).wait(PATIENCE).acquire();
                let release = async {
                    tokio::task::yield_now().await;
                    held.release().await.expect("it is held")
                };
                let (next, ()) = tokio::join!(waiting, release);
                next.expect("it was released").release().await.expect("it is held");
            }
        });
    });
}
