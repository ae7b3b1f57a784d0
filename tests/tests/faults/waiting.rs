//! Faults that meet a caller who wants the lock.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use lock_core::LockManager;
use lock_tests::{Stage, Stopwatch, arrive, each_server};

use crate::injury::{self, INJURIES, Injury, heal, is_of};

const WAIT: Duration = Duration::from_millis(700);
/// A first attempt may take this long, whatever the wait is.
const REQUEST_LIMIT: Duration = Duration::from_secs(1);
/// What a deadline may be missed by: the engine looks every 50 ms at the latest, and each of two threads, its own and that of the
/// task, may be kept from running for up to 60 ms before a [`Stopwatch`] sees it.
const LATE: Duration = Duration::from_millis(200);
const PATIENCE: Duration = Duration::from_secs(20);

async fn works(locks: &LockManager) {
    let guard = locks.lock("a").wait(PATIENCE).acquire().await.expect("the server is well again");
    guard.release().await.expect("it is held");
}

async fn is_refused_in_time(stage: &Stage, injury: &Injury) {
    let locks = stage.manager().await;
    works(&locks).await;
    (injury.inflict)(stage.server());
    let ran = AtomicBool::new(false);
    let start = Stopwatch::start();
    let body = async { ran.store(true, Ordering::SeqCst) };
    let error = locks.lock("a").wait(WAIT).run(body).await.expect_err("the server does not work");
    let took = start.elapsed();
    assert!(!ran.load(Ordering::SeqCst), "a body ran without its lock");
    assert!(is_of(injury.class, &error), "{error:?}");
    assert_eq!(error.key(), "LOCK:a");
    assert!(took < WAIT.max(REQUEST_LIMIT) + LATE, "{took:?}");
    let start = Stopwatch::start();
    let error = locks.lock("a").try_acquire().await.expect_err("the server does not work");
    assert!(is_of(injury.class, &error), "tried once: {error:?}");
    assert!(start.elapsed() < REQUEST_LIMIT + LATE, "tried once: {:?}", start.elapsed());
    heal(injury, stage.server());
    works(&locks).await;
    works(&stage.manager().await).await;
}

async fn ends_a_wait_in_time(stage: &Stage, injury: &Injury) {
    let (here, there) = (stage.manager().await, stage.manager().await);
    let held = there.lock("a").expire(PATIENCE).renew(false).acquire().await.expect("it is free");
    let waiting = here.clone();
    let waiter = async move {
        let start = Stopwatch::start();
        let outcome = waiting.lock("a").wait(2 * WAIT).acquire().await.map(drop);
        (outcome, start.elapsed())
    };
    let waiter = arrive(stage, "a", waiter).await;
    (injury.inflict)(stage.server());
    let (outcome, took) = waiter.await.expect("no panic");
    let error = outcome.expect_err("somebody else holds it");
    // The server had said that it is held: both are true.
    assert!(error.is_busy() || is_of(injury.class, &error), "{error:?}");
    assert!(took < 2 * WAIT + LATE, "{took:?}");
    heal(injury, stage.server());
    drop(held);
    works(&here).await;
}

fn each(test: impl AsyncFn(&Stage, &Injury) + Sync) {
    each_server(|binary| {
        for injury in &INJURIES {
            eprintln!("{}: a server {}", binary.label(), injury.name);
            let stage = Stage::of(injury::server(binary));
            stage.play(async |stage: &Stage| test(stage, injury).await);
        }
    });
}

#[test]
fn a_server_that_does_not_work_is_told_in_time_and_no_body_runs() {
    each(is_refused_in_time);
}

#[test]
fn a_wait_ends_by_its_deadline_whatever_the_server_does() {
    each(ends_a_wait_in_time);
}

#[test]
fn a_waiter_gets_the_lock_when_the_server_comes_back_in_time() {
    each_server(|binary| {
        for injury in INJURIES.iter().filter(|injury| injury.class == injury::Class::Unavailable) {
            // Needs somebody's hand, and is told at once.
            if injury.hold == injury::Hold::Survives {
                continue;
            }
            eprintln!("{}: a server {}", binary.label(), injury.name);
            Stage::of(injury::server(binary)).play(async |stage: &Stage| {
                let locks = stage.manager().await;
                (injury.inflict)(stage.server());
                let waiting = locks.clone();
                let waiter = tokio::spawn(async move { works(&waiting).await });
                heal(injury, stage.server());
                waiter.await.expect("the wait was long enough");
            });
        }
    });
}

#[test]
fn a_flush_lets_waiters_go_on() {
    each_server(|binary| {
        Stage::on(binary).play(async |stage: &Stage| {
            let (here, there) = (stage.manager().await, stage.manager().await);
            let held = there.lock("a").expire(PATIENCE).renew(false).acquire().await.expect("it is free");
            let waiter =
                async move { here.lock("a").wait(PATIENCE).acquire().await.map(|guard| guard.token()) };
            let waiter = arrive(stage, "a", waiter).await;
            stage.server().must(&["FLUSHALL"]);
            let token = waiter.await.expect("no panic").expect("nobody holds it any more");
            assert!(token > held.token());
        });
    });
}
