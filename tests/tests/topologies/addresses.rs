//! Servers that name addresses to others which can't be reached from here.

use std::collections::HashMap;

use lock_core::{LockError, LockManager, ManagerBuilder};
use lock_tests::{Cluster, Deployment, Server, ServerOptions, each_server};

use super::PATIENCE;

/// They name their proxies, which let nobody in any more. Connections that servers have among themselves stay.
fn close_proxies(servers: &[Server]) {
    servers.iter().for_each(|server| server.proxy().expect("it is behind one").refuse(true));
}

/// From the ports that servers name to those where they are.
fn mapped(builder: ManagerBuilder, servers: &[Server], host: &'static str) -> ManagerBuilder {
    let ports = servers.iter().map(|server| (server.told_port(), server.address().port()));
    let ports: HashMap<u16, u16> = ports.collect();
    builder.address_map(move |told, port| match ports.get(&port) {
        Some(port) if told == host => ("127.0.0.1".to_owned(), *port),
        _ => (told.to_owned(), port),
    })
}

async fn cluster_works(cluster: &Cluster, builder: ManagerBuilder) {
    let locks = builder.connect().await.unwrap_or_else(|error| panic!("{error}"));
    for name in ["a", "b", "c", "d"] {
        let guard = locks.lock(name).wait(PATIENCE).acquire().await.expect("its node is reached");
        guard.release().await.expect("it is held");
    }
    // Sent on, too: by ASK while the slot moves, by MOVED once it is elsewhere.
    let slot = cluster.slot_of("LOCK:a");
    let migration = cluster.migrate(slot, cluster.another_master(cluster.master_of("LOCK:a")));
    let guard = locks.lock("a").wait(PATIENCE).acquire().await.expect("the new node is reached");
    guard.release().await.expect("it is held");
    migration.finish();
    let guard = locks.lock("a").wait(PATIENCE).acquire().await.expect("the new node is reached");
    guard.release().await.expect("it is held");
}

/// By its nodes' own addresses, which nobody names.
fn seeds(cluster: &Cluster) -> String {
    let seeds: Vec<String> = cluster.nodes().iter().map(|node| node.address().to_string()).collect();
    format!("redis-cluster://{}", seeds.join(","))
}

#[test]
fn nodes_of_a_cluster_are_reached_where_the_map_says() {
    each_server(|binary| {
        let cluster = Cluster::start_with(binary, 3, 0, |options| options.behind_proxy(1));
        close_proxies(cluster.nodes());
        super::cluster::play(&cluster, async |cluster| {
            let error =
                LockManager::connect(&seeds(cluster)).await.expect_err("all that they name is closed");
            assert!(matches!(error, LockError::Connect { .. }), "{error:?}");
            let builder = LockManager::builder().url(seeds(cluster));
            cluster_works(cluster, mapped(builder, cluster.nodes(), "127.0.0.1")).await;
        });
    });
}

/// As with containers, which know each other by names of a network of their own.
#[test]
fn nodes_of_a_cluster_that_are_known_by_name_are_reached_where_the_map_says() {
    each_server(|binary| {
        if !binary.is_at_least(7) {
            eprintln!("{} knows no names of nodes", binary.label());
            return;
        }
        let named = |options: ServerOptions| {
            options
                .config("cluster-announce-hostname redis.invalid")
                .config("cluster-preferred-endpoint-type hostname")
        };
        let cluster = Cluster::start_with(binary, 3, 0, named);
        super::cluster::play(&cluster, async |cluster| {
            let builder = LockManager::builder().url(seeds(cluster));
            cluster_works(cluster, mapped(builder, cluster.nodes(), "redis.invalid")).await;
        });
    });
}

#[test]
fn a_master_behind_sentinels_is_reached_where_the_map_says() {
    each_server(|binary| {
        let deployment = Deployment::patient_with(binary, 0, |options| options.behind_proxy(1));
        close_proxies(deployment.servers());
        deployment.play(async |deployment: &Deployment| {
            let error = LockManager::connect(&deployment.url()).await.expect_err("what they name is closed");
            assert!(matches!(error, LockError::Connect { .. }), "{error:?}");
            let builder = LockManager::builder().url(deployment.url());
            let builder = mapped(builder, deployment.servers(), "127.0.0.1");
            let locks = builder.connect().await.unwrap_or_else(|error| panic!("{error}"));
            let guard = locks.lock("a").acquire().await.expect("the master is reached");
            guard.release().await.expect("it is held");
        });
    });
}
