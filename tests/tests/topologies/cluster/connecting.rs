//! Reaching a cluster, and being told why not.

use std::time::Duration;

use lock_core::{LockError, LockManager};
use lock_tests::{Cluster, Server, ServerOptions, each_server};

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

/// Asked one after the other, they would use up the time for connecting.
#[test]
fn a_cluster_of_which_many_nodes_stand_still_is_reached_in_time() {
    each_server(|binary| {
        let rest = |options: ServerOptions| options.config("cluster-require-full-coverage no");
        let cluster = Cluster::start_with(binary, 9, 0, rest);
        play(&cluster, async |cluster| {
            let (still, there) = cluster.nodes().split_at(4);
            let serves = |name: &String| {
                let master = cluster.master_of(&format!("LOCK:{name}")).address();
                there.iter().any(|node| node.address() == master)
            };
            let name = (0..1000).map(|number| format!("n{number}")).find(serves).expect("they serve some");
            still.iter().for_each(Server::pause);
            let locks = LockManager::connect(&cluster.url()).await.expect("five nodes are left");
            let guard = locks.lock(name.as_str()).acquire().await.expect("its node is there");
            guard.release().await.expect("it is held");
            still.iter().for_each(Server::resume);
            cluster.until_agreed();
        });
    });
}

#[test]
fn a_cluster_that_has_lost_a_node_serves_what_is_left() {
    each_server(|binary| {
        let rest = |options: ServerOptions| options.config("cluster-require-full-coverage no");
        let cluster = Cluster::start_with(binary, 3, 0, rest);
        play(&cluster, async |cluster| {
            let (first, last) = (cluster.owner(0).expect("served"), cluster.owner(16_383).expect("served"));
            let named = |node: &Server| {
                let mut names = (0..1000).map(|number| format!("n{number}"));
                let name =
                    names.find(|name| cluster.master_of(&format!("LOCK:{name}")).address() == node.address());
                name.expect("it serves some")
            };
            let (gone, there) = (named(first), named(last));
            type Act = fn(&Server);
            for (fail, heal) in
                [(Server::pause as Act, Server::resume as Act), (Server::kill, Server::restart)]
            {
                fail(first);
                let locks = LockManager::connect(&cluster.url()).await.expect("two nodes are left");
                let guard = locks.lock(there.as_str()).acquire().await.expect("its node is there");
                guard.release().await.expect("it is held");
                let error = locks.lock(gone.as_str()).try_acquire().await.expect_err("its node is not");
                assert!(matches!(error, LockError::Unavailable { .. }), "{error:?}");
                heal(first);
                let guard = locks.lock(gone.as_str()).wait(PATIENCE).acquire().await.expect("it is back");
                guard.release().await.expect("it is held");
                cluster.until_agreed();
            }
        });
    });
}

#[test]
fn what_does_not_fit_is_told_what_to_write() {
    each_server(|binary| {
        let cluster = Cluster::start(binary, 1, 0);
        let single = Server::start(binary);
        play(&cluster, async |cluster| {
            let url = cluster.nodes()[0].url();
            let error = LockManager::connect(&url).await.expect_err("a cluster");
            assert!(
                matches!(&error, LockError::Config { message, .. } if message.contains("redis-cluster://")),
                "{error}"
            );
            let acknowledged = LockManager::builder().url(cluster.url()).min_replicas(1).connect().await;
            let error = acknowledged.expect_err("no replica can be asked there");
            assert!(
                matches!(&error, LockError::Config { message, .. } if message.contains("min_replicas")),
                "{error}"
            );
            let url = format!("redis-cluster://{}", single.address());
            let error = LockManager::connect(&url).await.expect_err("no cluster");
            assert!(
                matches!(&error, LockError::Config { message, .. } if message.contains("write redis://")),
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
                         +del +pexpireat +zadd +zrem +zremrangebyscore +zrange +zrangebyscore +zscore +zcount +info +role \
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
