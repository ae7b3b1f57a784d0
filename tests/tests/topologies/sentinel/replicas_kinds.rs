//! Locks of every kind that count only when replicas have them.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use lock_core::{LockError, LockManager, LockRequest};
use lock_tests::{Deployment, Server, each_server, until_async};

const WAIT: Duration = Duration::from_secs(20);
const PATIENCE: Duration = Duration::from_secs(20);
/// The request limit, and some: for all steps together, since the replica is waited for once.
const IN_TIME: Duration = Duration::from_secs(2);

type Ask = fn(&LockManager) -> LockRequest;

/// What is asked for, by name, and how many locks that is; always `a`, and `b` if it is two.
const KINDS: [(&str, Ask, i64); 6] = [
    ("reentrant", |locks| locks.lock("a"), 1),
    ("fair", |locks| locks.lock("a").fair(), 1),
    ("read", |locks| locks.lock("a").read(), 1),
    ("write", |locks| locks.lock("a").write(), 1),
    ("several", |locks| locks.lock_all(["a", "b"]), 2),
    ("several, read", |locks| locks.lock_all(["b", "a"]).read(), 2),
];

/// How many of the locks that server has.
fn kept_by(server: &Server) -> Option<i64> {
    server.must(&["EXISTS", "LOCK:a", "LOCK:b"]).integer()
}

async fn are_given_back(master: &Server, kind: &str) {
    until_async(PATIENCE, &format!("{kind}: it is given back"), || kept_by(master) == Some(0)).await;
}

fn is_unavailable<T: std::fmt::Debug>(kind: &str, outcome: Result<T, LockError>) {
    let error = outcome.expect_err("the replica does not have it");
    let LockError::Unavailable { reason, .. } = &error else { panic!("{kind}: {error:?}") };
    assert!(reason.contains("0 of 1 replicas"), "{kind}: {reason}");
}

#[test]
fn a_lock_of_any_kind_that_a_frozen_replica_has_not_is_unavailable_and_given_back() {
    each_server(|binary| {
        Deployment::start(binary, 1).play(async |deployment: &Deployment| {
            let (master, replica) = (deployment.master(), deployment.replicas()[0]);
            let (here, there) = (deployment.careful_manager(1).await, deployment.manager().await);
            for (kind, ask, locks) in KINDS {
                let guard =
                    ask(&here).wait(WAIT).acquire().await.unwrap_or_else(|error| panic!("{kind}: {error}"));
                assert_eq!(kept_by(replica), Some(locks), "{kind}: it counts, and the replica has it");
                guard.release().await.expect("it is held");
            }
            replica.pause();
            for (kind, ask, _) in KINDS {
                let ran = AtomicBool::new(false);
                let start = Instant::now();
                let outcome = ask(&here).wait(WAIT).run(async { ran.store(true, Ordering::SeqCst) }).await;
                let took = start.elapsed();
                assert!(!ran.load(Ordering::SeqCst), "{kind}: a body ran on a lock that no replica has");
                is_unavailable(kind, outcome);
                assert!(took < IN_TIME, "{kind}: {took:?}");
                are_given_back(master, kind).await;
                // Who does not ask for replicas is served.
                let guard = ask(&there).acquire().await.unwrap_or_else(|error| panic!("{kind}: {error}"));
                guard.release().await.expect("it is held");
            }
            replica.resume();
        });
    });
}

#[test]
fn a_lock_of_any_kind_that_is_handed_over_waits_for_the_replica_too() {
    each_server(|binary| {
        Deployment::start(binary, 1).play(async |deployment: &Deployment| {
            let (master, replica) = (deployment.master(), deployment.replicas()[0]);
            let (here, there) = (deployment.careful_manager(1).await, deployment.manager().await);
            for (kind, ask, locks) in KINDS {
                for frozen in [false, true] {
                    let held = there.lock("a").write().wait(WAIT).acquire().await.expect("it is free");
                    let waiter = tokio::spawn(ask(&here).wait(WAIT).acquire());
                    until_async(PATIENCE, "the waiter is in the queue", || {
                        master.must(&["ZCARD", "LOCK:a"]).integer() > Some(1)
                    })
                    .await;
                    if frozen {
                        replica.pause();
                    }
                    held.release().await.expect("it is held");
                    let outcome = waiter.await.expect("no panic");
                    if frozen {
                        is_unavailable(kind, outcome);
                        are_given_back(master, kind).await;
                        replica.resume();
                    } else {
                        let guard = outcome.unwrap_or_else(|error| panic!("{kind}: {error}"));
                        assert_eq!(
                            kept_by(replica),
                            Some(locks),
                            "{kind}: it counts, and the replica has it"
                        );
                        guard.release().await.expect("it is held");
                    }
                }
            }
        });
    });
}

#[test]
fn a_reader_that_the_replica_has_not_leaves_the_other_readers_alone() {
    each_server(|binary| {
        Deployment::start(binary, 1).play(async |deployment: &Deployment| {
            let (master, replica) = (deployment.master(), deployment.replicas()[0]);
            let (here, there) = (deployment.careful_manager(1).await, deployment.careful_manager(1).await);
            let first = here.lock("a").read().acquire().await.expect("the replica has it");
            let alone = master.must(&["ZCARD", "LOCK:a"]).integer();
            replica.pause();
            is_unavailable("read", there.lock("a").read().wait(WAIT).acquire().await);
            until_async(PATIENCE, "it is given back", || {
                master.must(&["ZCARD", "LOCK:a"]).integer() == alone
            })
            .await;
            assert!(!first.is_lost());
            replica.resume();
            let second = there.lock("a").read().wait(WAIT).acquire().await.expect("the replica has it");
            let both = replica.must(&["ZCARD", "LOCK:a"]).integer();
            assert!(both > alone, "it counts, and the replica has it");
            second.release().await.expect("it is held");
            first.release().await.expect("it is held");
        });
    });
}

#[test]
fn a_downgrade_that_the_replica_has_not_frees_the_lock() {
    each_server(|binary| {
        Deployment::start(binary, 1).play(async |deployment: &Deployment| {
            let (master, replica) = (deployment.master(), deployment.replicas()[0]);
            let locks = deployment.careful_manager(1).await;
            let writers: [Ask; 3] =
                [|locks| locks.lock("a").write(), |locks| locks.lock("a").fair(), |locks| locks.lock("a")];
            for writer in writers {
                let held = writer(&locks).wait(WAIT).acquire().await.expect("the replica has it");
                replica.pause();
                let start = Instant::now();
                is_unavailable("downgrade", held.downgrade().await);
                assert!(start.elapsed() < IN_TIME, "{:?}", start.elapsed());
                are_given_back(master, "downgrade").await;
                replica.resume();

                let held = writer(&locks).wait(WAIT).acquire().await.expect("the replica has it");
                let written = held.token();
                let reader = held.downgrade().await.expect("the replica has it");
                assert!(reader.token() > written);
                // What the replica has is a reader's: were it promoted, others would read beside it, and none write.
                assert_eq!(
                    replica.must(&["DUMP", "LOCK:a"]),
                    master.must(&["DUMP", "LOCK:a"]),
                    "it counts, and the replica has it"
                );
                reader.release().await.expect("it is held");
            }
        });
    });
}
