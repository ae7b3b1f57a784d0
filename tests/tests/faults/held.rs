//! Faults that meet a holder.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use lock_core::{BodyOutcome, LockError, LockManager};
use lock_tests::{Stage, each_server, now_ns};

use crate::injury::{self, Hold, INJURIES, Injury, heal};

const LEASE: Duration = Duration::from_secs(1);
/// Between a look at the clock and the line after it a busy machine may do something else.
const BLINK: Duration = Duration::from_millis(200);
const SLACK: Duration = Duration::from_millis(700);
const PATIENCE: Duration = Duration::from_secs(20);

/// A body that runs until it is cancelled and writes down when it last ran.
async fn run(locks: LockManager, last: Arc<AtomicU64>) -> Result<(), LockError> {
    let body = async {
        loop {
            last.store(now_ns(), Ordering::SeqCst);
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    locks.lock("a").expire(LEASE).run(body).await
}

async fn is_cancelled_in_time(stage: &Stage, injury: &Injury) {
    let locks = stage.manager().await;
    let last = Arc::new(AtomicU64::new(0));
    let body = tokio::spawn(run(locks.clone(), Arc::clone(&last)));
    lock_tests::until_async(PATIENCE, "the body runs", || last.load(Ordering::SeqCst) > 0).await;
    (injury.inflict)(stage.server());
    let hurt = now_ns();
    match injury.hold {
        Hold::Lost => {
            let start = Instant::now();
            let ended = tokio::time::timeout(PATIENCE, body).await;
            let took = start.elapsed();
            let ran_on = Duration::from_nanos(last.load(Ordering::SeqCst).saturating_sub(hurt));
            let outcome = ended.expect("it learns of the loss without a server").expect("no panic");
            assert!(
                matches!(outcome, Err(LockError::Lost { body: BodyOutcome::Cancelled, .. })),
                "{outcome:?}"
            );
            assert!(
                ran_on < LEASE + BLINK,
                "the body ran {ran_on:?} on a lease of {LEASE:?}; ended after {took:?}"
            );
            assert!(took < LEASE + SLACK, "the body ran {ran_on:?}, the call returned after {took:?}");
            heal(injury, stage.server());
        }
        Hold::Survives => {
            let start = Instant::now();
            while start.elapsed() < 4 * LEASE {
                assert!(!body.is_finished(), "lost although the server can renew");
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            heal(injury, stage.server());
            body.abort();
            let _ = body.await;
        }
    }
    let guard = locks.lock("a").wait(PATIENCE).acquire().await.expect("the server is well again");
    guard.release().await.expect("it is held");
}

#[test]
fn no_body_runs_past_its_lease_whatever_the_server_does() {
    each_server(|binary| {
        for injury in &INJURIES {
            eprintln!("{}: a server {}", binary.label(), injury.name);
            let stage = Stage::of(injury::server(binary));
            stage.play(async |stage: &Stage| is_cancelled_in_time(stage, injury).await);
        }
    });
}

#[test]
fn a_short_fault_costs_no_hold() {
    each_server(|binary| {
        Stage::on(binary).play(async |stage: &Stage| {
            let locks = stage.manager().await;
            let guard = locks.lock("a").expire(3 * LEASE).acquire().await.expect("it is free");
            stage.server().pause();
            tokio::time::sleep(LEASE).await;
            stage.server().resume();
            stage.server().must(&["CLIENT", "KILL", "TYPE", "normal"]);
            let _ = stage.server().command(&["CLIENT", "KILL", "TYPE", "pubsub"]);
            stage.server().must(&["SCRIPT", "FLUSH"]);
            let start = Instant::now();
            while start.elapsed() < 4 * LEASE {
                assert!(!guard.is_lost(), "lost after {:?}", start.elapsed());
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            guard.release().await.expect("it is held");
        });
    });
}

#[test]
fn a_hold_that_the_server_forgot_is_lost_at_the_next_renewal() {
    type Forget = fn(&Stage);
    let ways: [(&str, Forget); 3] = [
        ("flushed", |stage| drop(stage.server().must(&["FLUSHALL"]))),
        ("deleted", |stage| drop(stage.server().must(&["DEL", "LOCK:a"]))),
        ("restarted without data", |stage| stage.server().restart_empty()),
    ];
    each_server(|binary| {
        for (name, forget) in ways {
            eprintln!("{}: {name}", binary.label());
            Stage::on(binary).play(async |stage: &Stage| {
                let (here, there) = (stage.manager().await, stage.manager().await);
                let guard = here.lock("a").expire(LEASE).acquire().await.expect("it is free");
                forget(stage);
                tokio::time::timeout(LEASE + SLACK, guard.lost()).await.expect("it learns of the loss");
                let next = there.lock("a").wait(PATIENCE).acquire().await.expect("it is free");
                assert!(next.token() > guard.token(), "the old holder can be told by its token");
                // Giving back what is lost takes nothing from the next holder.
                drop(guard);
                assert!(here.lock("a").try_acquire().await.expect("an answer").is_none());
                assert!(!next.is_lost());
            });
        }
    });
}

#[test]
fn a_body_that_ended_in_time_keeps_its_success_when_the_release_fails() {
    each_server(|binary| {
        Stage::on(binary).play(async |stage: &Stage| {
            let locks = stage.manager().await;
            let body = async {
                stage.server().kill();
                7
            };
            let start = Instant::now();
            let outcome = locks.lock("a").expire(PATIENCE).run(body).await;
            assert_eq!(outcome.expect("it ended inside its lease"), 7);
            assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
            stage.server().restart_empty();
        });
    });
}
