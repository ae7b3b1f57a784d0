//! Connections that died in silence, where there is more than one server.

use std::time::{Duration, Instant};

use lock_core::LockManager;
use lock_tests::{Cluster, Deployment, Masters, Proxy, Server, Stage, each_server};

/// Past this a connection is not trusted without a ping.
const IDLE: Duration = Duration::from_millis(1_300);

/// Tries, waits and releases over connections that have vanished.
async fn survives(locks: &LockManager, names: &[&str], vanish: impl Fn()) {
    for name in names {
        locks
            .lock(*name)
            .wait(super::PATIENCE)
            .acquire()
            .await
            .expect("it is free")
            .release()
            .await
            .expect("it is held");
    }
    for name in names {
        tokio::time::sleep(IDLE).await;
        vanish();
        let since = Instant::now();
        let guard = locks.lock(*name).try_acquire().await.expect("the servers are well").expect("it is free");
        eprintln!("try_acquire: {:?}", since.elapsed());
        tokio::time::sleep(IDLE).await;
        vanish();
        let since = Instant::now();
        guard.release().await.expect("it is confirmed");
        let took = since.elapsed();
        eprintln!("release: {took:?}");
        assert!(took < Duration::from_millis(900), "{took:?}");
        tokio::time::sleep(IDLE).await;
        vanish();
        let since = Instant::now();
        let guard = locks.lock(*name).wait(Duration::from_secs(10)).acquire().await.expect("it is free");
        let took = since.elapsed();
        eprintln!("wait = 10s: {took:?}");
        assert!(took < Duration::from_millis(900), "{took:?}");
        guard.release().await.expect("it is held");
    }
}

fn vanish(server: &Server) {
    server.proxy().expect("it was asked for").vanish();
}

#[test]
fn a_first_call_in_a_cluster_survives_dead_connections() {
    each_server(|binary| {
        let cluster = Cluster::start_with(binary, 3, 0, |options| options.behind_proxy(1));
        super::cluster::play(&cluster, async |cluster| {
            let locks = LockManager::connect(&cluster.url()).await.expect("it connects");
            survives(&locks, &["a", "b"], || cluster.nodes().iter().for_each(vanish)).await;
        });
    });
}

#[test]
fn a_first_call_behind_sentinels_survives_dead_connections() {
    each_server(|binary| {
        let deployment = Deployment::patient_with(binary, 0, |options| options.behind_proxy(1));
        deployment.play(async |deployment| {
            let locks = LockManager::connect(&deployment.url()).await.expect("it connects");
            survives(&locks, &["a"], || vanish(deployment.master())).await;
        });
    });
}

/// Each master has a quarter of a second to give its vote, and the call does not wait for a second round.
#[test]
fn a_single_try_at_independent_masters_survives_dead_connections() {
    each_server(|binary| {
        let masters = Masters::start(binary, 3);
        let proxies = masters.proxies();
        let builder = masters.builder_through(&proxies).red_masters_keep_data();
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let locks = builder.connect().await.expect("they can be connected to");
            for _ in 0..3 {
                let guard =
                    locks.lock("a").red().try_acquire().await.expect("an answer").expect("it is free");
                guard.release().await.expect("it is held");
                tokio::time::sleep(IDLE).await;
                proxies.iter().for_each(Proxy::vanish);
                let since = Instant::now();
                let guard = locks.lock("a").red().try_acquire().await.expect("the masters are well");
                eprintln!("red, try_acquire: {:?}", since.elapsed());
                guard.expect("it is free").release().await.expect("it is held");
            }
        });
    });
}

#[test]
fn a_grant_that_waits_for_replicas_survives_dead_connections() {
    each_server(|binary| {
        let master = Server::of(binary).config("repl-diskless-sync-delay 0").start();
        let replica_of = format!("replicaof 127.0.0.1 {}", master.address().port());
        let _replica = Server::of(binary).config(&replica_of).start();
        Stage::of(master).play(async |stage: &Stage| {
            let proxy = Proxy::start(stage.server().address(), 1);
            let url = stage.server().url_through(proxy.address());
            let locks = LockManager::builder().url(url).min_replicas(1).connect().await.expect("it connects");
            let in_step = Instant::now();
            while locks.lock("first").try_acquire().await.is_err() {
                assert!(in_step.elapsed() < super::PATIENCE, "the replica is not in step");
            }
            survives(&locks, &["a"], || proxy.vanish()).await;
        });
    });
}
