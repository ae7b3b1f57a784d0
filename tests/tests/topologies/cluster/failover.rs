//! Masters that fail, and replicas that take their places.

use std::time::{Duration, Instant};

use lock_core::LockManager;
use lock_tests::{Cluster, Server, each_server, longest_gap, names_in_slot_of, now_ns, until_async};

use super::load::Load;
use super::{PATIENCE, manager, play};

/// Longer than a failover takes.
const LEASE: Duration = Duration::from_secs(8);

/// Waits until `replica` has the record of `key` as its master has it.
async fn replicated(master: &Server, replica: &Server, key: &str) {
    let mut there = replica.connect().expect("it listens");
    there.command(&["READONLY"]).expect("it answers");
    until_async(PATIENCE, "the record is replicated", || {
        let record = master.must(&["ZRANGE", key, "0", "-1", "WITHSCORES"]);
        let copy = there.command(&["ZRANGE", key, "0", "-1", "WITHSCORES"]).expect("it answers");
        record == copy && !record.items().is_empty()
    })
    .await;
}

/// Waits until the lock of `key` has `waiters` waiters.
async fn queued(master: &Server, key: &str, waiters: usize) {
    until_async(PATIENCE, "the waiters are in the queue", || {
        // An owner, the last fence, and two members for each waiter.
        master.must(&["ZCARD", key]).integer() == Some(2 + 2 * waiters as i64)
    })
    .await;
}

/// A lock is held and waited for, another one of the slot comes and goes, while `fail` makes the master of both fail.
fn survives(what: &str, fail: impl Fn(&Cluster, &Server) + Sync, heal: impl Fn(&Server) + Sync) {
    each_server(|binary| {
        let cluster = Cluster::start(binary, 3, 1);
        play(&cluster, async |cluster| {
            let (here, there) = (manager(cluster).await, manager(cluster).await);
            let names = names_in_slot_of("a", 2);
            let (master, replica) = (cluster.master_of("LOCK:a"), cluster.replica_of("LOCK:a"));
            let held = here.lock("a").expire(LEASE).acquire().await.expect("it is free");
            let mut waiters = Vec::new();
            for locks in [here.clone(), there.clone()] {
                waiters.push(tokio::spawn(wait_for("a", locks)));
            }
            queued(master, "LOCK:a", 2).await;
            let mut load = Load::new();
            let hold = load.recorder.took("LOCK:a", "holder", held.token());
            load.take(&there, &names[1..]);
            load.goes_on(Duration::ZERO, "before the failure").await;
            replicated(master, replica, "LOCK:a").await;

            let failed = Instant::now();
            fail(cluster, master);
            load.goes_on(Duration::ZERO, "after the failure").await;
            let back = failed.elapsed();
            // It is renewed at the new master, and still nobody else has it.
            tokio::time::sleep(LEASE.saturating_sub(failed.elapsed())).await;
            let now = now_ns();
            assert!(!held.is_lost(), "the hold did not survive");
            hold.valid_at(now);
            let mut last = held.token();
            held.release().await.expect("it is held");
            for waiter in waiters {
                let token = waiter.await.expect("no panic");
                assert_ne!(token, last);
                last = last.max(token);
            }
            heal(master);
            cluster.until_agreed();
            load.goes_on(Duration::ZERO, "after all").await;
            let holds = load.end().await;
            eprintln!(
                "{}, {what}: a lock could not be taken for {:?}; all were back after {back:?}",
                binary.label(),
                longest_gap(&holds, &format!("LOCK:{}", names[1])),
            );
        });
    });
}

/// The token under which it was held.
async fn wait_for(name: &'static str, locks: LockManager) -> u64 {
    let guard = locks.lock(name).wait(PATIENCE * 2).acquire().await.expect("its turn comes");
    let token = guard.token();
    guard.release().await.expect("it is held");
    token
}

#[test]
fn a_hold_and_its_waiters_survive_a_killed_master() {
    survives("master killed", |_, master| master.kill(), Server::restart);
}

#[test]
fn a_hold_and_its_waiters_survive_a_master_that_stands_still() {
    survives("master stopped", |_, master| master.pause(), Server::resume);
}

#[test]
fn an_orderly_failover_under_load_keeps_locks_exclusive() {
    each_server(|binary| {
        let cluster = Cluster::start(binary, 3, 1);
        play(&cluster, async |cluster| {
            let (here, there) = (manager(cluster).await, manager(cluster).await);
            let names = names_in_slot_of("a", 4);
            let mut load = Load::new();
            for locks in [&here, &there] {
                load.take(locks, &names[..1]);
                load.take(locks, &names[..1]);
                load.take(locks, &names[1..]);
            }
            load.goes_on(Duration::ZERO, "before").await;
            for _ in 0..3 {
                cluster.fail_over_to(cluster.replica_of("LOCK:a"));
                load.goes_on(Duration::ZERO, "after a failover").await;
                cluster.until_agreed();
            }
            let holds = load.end().await;
            eprintln!(
                "{}, three orderly failovers: {} holds, no grant for {:?} at most",
                binary.label(),
                holds.len(),
                longest_gap(&holds, "LOCK:a")
            );
        });
    });
}

#[test]
fn a_slot_whose_node_is_gone_is_unavailable_in_time() {
    each_server(|binary| {
        let cluster = Cluster::start(binary, 3, 0);
        play(&cluster, async |cluster| {
            let locks = manager(cluster).await;
            let master = cluster.master_of("LOCK:a");
            master.kill();
            for wait in [Duration::ZERO, Duration::from_millis(700)] {
                let start = Instant::now();
                let error = locks.lock("a").wait(wait).acquire().await.expect_err("nobody serves it");
                assert!(matches!(error, lock_core::LockError::Unavailable { .. }), "{error:?}");
                assert!(start.elapsed() < wait + Duration::from_millis(1_800), "{:?}", start.elapsed());
            }
            master.restart();
            cluster.until_agreed();
            let guard = locks.lock("a").wait(PATIENCE).acquire().await.expect("it is back");
            guard.release().await.expect("it is held");
        });
    });
}
