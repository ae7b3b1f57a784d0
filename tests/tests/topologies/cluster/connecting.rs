//! Reaching a cluster, and being told why not.

use std::time::Duration;

use lock_core::{LockError, LockManager};
use lock_tests::{Cluster, Server, each_server};

use super::{PATIENCE, play};

async fn works(url: &str) {
    let locks = LockManager::connect(url).await.unwrap_or_else(|error| panic!("{url}: {error}"));
    for name in ["a", "b", "c", "d"] {
        let guard = locks.lock(name).wait(PATIENCE).acquire().await.expect("it is free");
        guard.release().await.expect("it is held");
    }
}

#[test]
fn any_node_leads_to_the_cluster_and_dead_ones_do_no_harm() {
    each_server(|binary| {
        let cluster = Cluster::start(binary, 2, 1);
        play(&cluster, async |cluster| {
            for node in cluster.nodes() {
                works(&format!("redis-cluster://{}/", node.address())).await;
            }
            let gone = Server::start(binary);
            gone.kill();
            works(&format!("redis-cluster://{},{}", gone.address(), cluster.nodes()[0].address())).await;
        });
    });
}

#[test]
fn a_wrong_scheme_is_told_the_right_one() {
    each_server(|binary| {
        let cluster = Cluster::start(binary, 1, 0);
        let single = Server::start(binary);
        play(&cluster, async |cluster| {
            let url = cluster.nodes()[0].url();
            let error = LockManager::connect(&url).await.expect_err("a cluster");
            assert!(
                matches!(&error, LockError::Config { message } if message.contains("redis-cluster://")),
                "{error}"
            );
            let url = format!("redis-cluster://{}", single.address());
            let error = LockManager::connect(&url).await.expect_err("no cluster");
            assert!(
                matches!(&error, LockError::Config { message } if message.contains("write redis://")),
                "{error}"
            );
            single.kill();
            let error = LockManager::connect(&url).await.expect_err("nobody");
            assert!(matches!(error, LockError::Connect { .. }), "{error}");
        });
    });
}

#[test]
fn the_least_permissions_suffice() {
    const RULES: &str = "~LOCK:* resetchannels &LOCK:* +evalsha +eval +script|load +subscribe +publish +ping +time +set \
                         +del +pexpireat +zadd +zrem +zrange +zrangebyscore +zscore +zcount +info +role \
                         +cluster|slots +cluster|info +asking";
    each_server(|binary| {
        let cluster = Cluster::start_with(binary, 2, 0, |options| options.user("locks", "secret", RULES));
        play(&cluster, async |cluster| {
            let url = cluster.url();
            assert!(url.contains("locks:secret@"));
            let locks = LockManager::connect(&url).await.expect("the user may");
            let held = locks.lock("a").expire(Duration::from_secs(5)).acquire().await.expect("it is free");
            let slot = cluster.slot_of("LOCK:a");
            let migration = cluster.migrate(slot, cluster.another_master(cluster.master_of("LOCK:a")));
            migration.keys_left().iter().for_each(|key| migration.move_key(key));
            let busy = locks.lock("a").try_acquire().await.expect("the cluster answers");
            assert!(busy.is_none());
            held.release().await.expect("it is held");
            let again = locks.lock("a").acquire().await.expect("it is free");
            migration.finish();
            again.release().await.expect("it is held");
            let wrong = url.replace("secret", "wrong");
            let error = LockManager::connect(&wrong).await.expect_err("a wrong password");
            assert!(matches!(error, LockError::Refused { .. }), "{error}");
            assert!(!error.to_string().contains("wrong@"), "{error}");
        });
    });
}
