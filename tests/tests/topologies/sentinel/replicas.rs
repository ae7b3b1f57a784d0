//! Locks that count only when replicas have them.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use lock_core::{LockError, LockManager};
use lock_tests::{Deployment, Server, each_server, until_async};

use super::take;

const WAIT: Duration = Duration::from_secs(20);
const PATIENCE: Duration = Duration::from_secs(20);

/// That the call fails, within the request limit and some, for want of replicas; and that no body runs.
async fn is_unavailable(locks: &LockManager, wait: Duration, said: &str) {
    let ran = AtomicBool::new(false);
    let start = Instant::now();
    let outcome = locks.lock("a").wait(wait).run(async { ran.store(true, Ordering::SeqCst) }).await;
    let took = start.elapsed();
    assert!(!ran.load(Ordering::SeqCst), "a body ran on a lock that no replica has");
    let error = outcome.expect_err("too few replicas have it");
    assert!(matches!(&error, LockError::Unavailable { reason, .. } if reason.contains(said)), "{error:?}");
    assert!(took < Duration::from_secs(2), "{took:?}");
}

#[test]
fn a_lock_that_a_frozen_replica_has_not_is_unavailable_and_given_back() {
    each_server(|binary| {
        Deployment::start(binary, 1).play(async |deployment: &Deployment| {
            let (master, replica) = (deployment.master(), deployment.replicas()[0]);
            let locks = deployment.careful_manager(1).await;
            take(&locks, "a").await;
            replica.pause();
            is_unavailable(&locks, WAIT, "0 of 1 replicas").await;
            is_unavailable(&locks, Duration::ZERO, "0 of 1 replicas").await;
            until_async(PATIENCE, "it is given back", || {
                master.must(&["EXISTS", "LOCK:a"]).integer() == Some(0)
            })
            .await;
            // Who does not ask for replicas is served.
            take(&deployment.manager().await, "a").await;
            replica.resume();
            let guard = locks.lock("a").acquire().await.expect("the replica has it");
            assert_eq!(replica.must(&["EXISTS", "LOCK:a"]).integer(), Some(1));
            guard.release().await.expect("it is held");
        });
    });
}

#[test]
fn more_replicas_than_there_are_make_every_lock_unavailable() {
    each_server(|binary| {
        Deployment::start(binary, 1).play(async |deployment: &Deployment| {
            let locks = deployment.careful_manager(2).await;
            is_unavailable(&locks, WAIT, "1 of 2 replicas").await;
        });
    });
}

#[test]
fn a_lock_handed_over_waits_for_the_replica_too() {
    each_server(|binary| {
        Deployment::start(binary, 1).play(async |deployment: &Deployment| {
            let (master, replica) = (deployment.master(), deployment.replicas()[0]);
            let (here, there) = (deployment.careful_manager(1).await, deployment.careful_manager(1).await);
            for frozen in [false, true] {
                let held = here.lock("a").acquire().await.expect("the replica has it");
                let waiting = there.clone();
                let waiter = tokio::spawn(async move { waiting.lock("a").wait(WAIT).acquire().await });
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
                    let error = outcome.expect_err("the replica does not have it");
                    assert!(matches!(error, LockError::Unavailable { .. }), "{error:?}");
                    replica.resume();
                } else {
                    let guard = outcome.expect("it was given back");
                    assert_eq!(replica.must(&["EXISTS", "LOCK:a"]).integer(), Some(1));
                    guard.release().await.expect("it is held");
                }
            }
        });
    });
}

#[test]
fn many_locks_at_once_share_the_waiting() {
    const TASKS: usize = 200;
    each_server(|binary| {
        Deployment::start(binary, 1).play(async |deployment: &Deployment| {
            let locks = deployment.careful_manager(1).await;
            let start = Instant::now();
            let tasks = (0..TASKS).map(|task| {
                let locks = locks.clone();
                tokio::spawn(async move {
                    for _ in 0..5 {
                        let guard = locks.lock(("many", task as u64)).wait(WAIT).acquire().await?;
                        guard.release().await?;
                    }
                    Ok::<_, LockError>(())
                })
            });
            for task in tasks.collect::<Vec<_>>() {
                task.await.expect("no panic").expect("the replica has it");
            }
            eprintln!("{}: {TASKS} tasks took 5 locks each in {:?}", binary.label(), start.elapsed());
        });
    });
}

/// On this the acknowledgement of an extension that writes nothing relies.
#[test]
fn a_message_is_waited_for_like_a_write() {
    each_server(|binary| {
        let deployment = Deployment::start(binary, 1);
        let (master, replica) = (deployment.master(), deployment.replicas()[0]);
        let acknowledged = |server: &Server| {
            let mut connection = server.connect().expect("it listens");
            connection.command(&["PUBLISH", "LOCK:%acknowledged", ""]).expect("an answer");
            connection.command(&["WAIT", "1", "300"]).expect("an answer").integer()
        };
        assert_eq!(acknowledged(master), Some(1));
        replica.pause();
        assert_eq!(acknowledged(master), Some(0));
        replica.resume();
        assert_eq!(acknowledged(master), Some(1));
    });
}
