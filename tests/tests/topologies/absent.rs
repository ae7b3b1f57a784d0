//! Commands that servers do not have, where there is more than one server.

use std::time::Duration;

use lock_core::{LockError, LockManager};
use lock_tests::{Cluster, Deployment, Server, each_server};

use super::PATIENCE;

/// What may be absent as well as forbidden.
const OPTIONAL: [&str; 3] = ["INFO", "ROLE", "PING"];

/// A lock is taken, waited for and handed over.
async fn works(url: &str, names: &[&str]) {
    let [one, two] = [LockManager::connect(url).await, LockManager::connect(url).await];
    let (one, two) = (one.expect("it is optional"), two.expect("it is optional"));
    for name in names {
        let held = one.lock(*name).acquire().await.expect("it is free");
        let waiter = two.lock(*name).wait(PATIENCE).acquire();
        let released = async {
            tokio::time::sleep(Duration::from_millis(50)).await;
            held.release().await.expect("it is held");
        };
        let (guard, ()) = tokio::join!(waiter, released);
        guard.expect("it is handed over").release().await.expect("it is held");
    }
}

fn make_unknown(servers: &[&Server], command: Option<&str>) {
    servers.iter().for_each(|server| server.proxy().expect("it was asked for").make_unknown(command));
}

#[test]
fn a_cluster_without_optional_commands_works_at_every_node() {
    each_server(|binary| {
        let cluster = Cluster::start_with(binary, 3, 0, |options| options.behind_proxy(1));
        super::cluster::play(&cluster, async |cluster| {
            let nodes: Vec<&Server> = cluster.nodes().iter().collect();
            for command in OPTIONAL {
                make_unknown(&nodes, Some(command));
                works(&cluster.url(), &["a", "b", "d"]).await;
            }
            make_unknown(&nodes, None);
        });
    });
}

#[test]
fn a_master_behind_sentinels_without_optional_commands_works() {
    each_server(|binary| {
        let deployment = Deployment::patient_with(binary, 0, |options| options.behind_proxy(1));
        deployment.play(async |deployment| {
            for command in OPTIONAL {
                make_unknown(&[deployment.master()], Some(command));
                works(&deployment.url(), &["a"]).await;
            }
            make_unknown(&[deployment.master()], None);
        });
    });
}

#[test]
fn a_subscription_goes_on_where_nobody_answers_a_ping() {
    each_server(|binary| {
        let server = Server::of(binary).behind_proxy(1).start();
        let proxy = server.proxy().expect("it was asked for");
        proxy.make_unknown(Some("PING"));
        let locks = LockManager::connect_blocking(&server.url_through(proxy.address())).expect("it connects");
        locks.lock("a").acquire_blocking().map(drop).expect("it is free");
        let before = proxy.accepted();
        // The subscription asks every 2 s, lanes every 5 s.
        std::thread::sleep(Duration::from_secs(8));
        assert_eq!(proxy.accepted(), before, "a server that answers was taken for dead");
    });
}

#[test]
fn a_node_of_a_cluster_is_told_as_such_without_info() {
    const RULES: &str = "~LOCK:* resetchannels &LOCK:* +evalsha +eval +script|load +subscribe +publish +ping +time +set \
                         +del +pexpireat +zadd +zrem +zremrangebyscore +zrange +zrangebyscore +zscore +zcount";
    each_server(|binary| {
        let cluster = Cluster::start_with(binary, 2, 0, |options| options.user("locks", "secret", RULES));
        super::cluster::play(&cluster, async |cluster| {
            for node in cluster.nodes() {
                // Each time the probe has another name, in another slot.
                for _ in 0..5 {
                    let error = LockManager::connect(&node.url()).await.expect_err("a cluster");
                    assert!(
                        matches!(&error, LockError::Config { message, .. } if message.contains("redis-cluster://")),
                        "{error:?}"
                    );
                }
            }
        });
    });
}
