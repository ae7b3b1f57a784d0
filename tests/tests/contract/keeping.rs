//! How long a hold lasts at least and at most.

use std::future::pending;
use std::time::{Duration, Instant};

use lock_core::{BodyOutcome, LockError};
use lock_tests::Stage;

use crate::kinds::{Kind, token_of};

const LEASE: Duration = Duration::from_millis(800);
const KEPT: Duration = Duration::from_millis(1500);
const PATIENCE: Duration = Duration::from_secs(20);
/// How late a signal may be on a busy machine.
const SLACK: Duration = Duration::from_millis(500);

pub(crate) async fn a_released_lock_is_not_free_before_its_time(stage: &Stage, kind: Kind) {
    let (here, there) = (stage.manager().await, stage.manager().await);
    let start = Instant::now();
    let first = kind.lock(&here, "a").expire(LEASE).hold_at_least(KEPT).acquire().await.expect("it is free");
    let token = token_of(&first, "a");
    first.release().await.expect("it is held");
    assert!(start.elapsed() < KEPT / 2, "the call returns at once: {:?}", start.elapsed());
    for locks in [&here, &there] {
        assert!(kind.lock(locks, "a").try_acquire().await.expect("an answer").is_none(), "not free yet");
    }
    let next = kind.lock(&here, "a").wait(PATIENCE).acquire().await.expect("its time comes");
    assert!(start.elapsed() >= KEPT, "{:?}", start.elapsed());
    assert!(token_of(&next, "a") > token);
    next.release().await.expect("it is held");
}

pub(crate) async fn a_dropped_guard_keeps_the_lock_for_its_time(stage: &Stage, kind: Kind) {
    let (here, there) = (stage.manager().await, stage.manager().await);
    let start = Instant::now();
    drop(kind.lock(&here, "a").expire(LEASE).hold_at_least(KEPT).acquire().await.expect("it is free"));
    drop(kind.lock(&there, "a").wait(PATIENCE).acquire().await.expect("its time comes"));
    assert!(start.elapsed() >= KEPT, "{:?}", start.elapsed());
}

pub(crate) async fn an_acquire_that_is_given_up_keeps_nothing(stage: &Stage, kind: Kind) {
    let (here, there) = (stage.manager().await, stage.manager().await);
    let held = kind.lock(&there, "a").acquire().await.expect("it is free");
    let waiting = kind.lock(&here, "a").hold_at_least(PATIENCE).wait(PATIENCE / 100).acquire();
    assert!(waiting.await.expect_err("it is held").is_busy());
    held.release().await.expect("it is held");
    drop(kind.lock(&there, "a").wait(PATIENCE / 2).acquire().await.expect("nobody else has it"));
}

pub(crate) async fn a_lost_hold_is_not_kept(stage: &Stage, kind: Kind) {
    let (here, there) = (stage.manager().await, stage.manager().await);
    let request = kind.lock(&here, "a").expire(LEASE).renew(false).hold_at_least(LEASE / 4);
    let guard = request.acquire().await.expect("it is free");
    guard.lost().await;
    let next = kind.lock(&there, "a").wait(PATIENCE).acquire().await.expect("the lease is over");
    drop(guard);
    assert!(!next.is_lost());
    next.release().await.expect("it is held");
}

/// The server keeps the lock for much longer than its lease. That is for after the end of the hold: a body may count on its
/// own lease alone, or it would learn of a loss only after a third of what is kept.
pub(crate) async fn a_kept_hold_counts_on_its_own_lease_alone(stage: &Stage, kind: Kind) {
    let locks = stage.manager().await;
    let request = kind.lock(&locks, "a").expire(LEASE).hold_at_least(8 * LEASE);
    let guard = request.acquire().await.expect("it is free");
    // The server is told within these leases.
    let start = Instant::now();
    while start.elapsed() < 2 * LEASE {
        assert!(guard.remaining() <= LEASE, "{:?} of a lease of {LEASE:?}", guard.remaining());
        assert!(!guard.is_lost(), "it is renewed");
        tokio::time::sleep(LEASE / 40).await;
    }
    // A red lock takes back what its masters forget, one part after the other, as long as nobody else comes.
    if kind == Kind::Red {
        return;
    }
    let tokens = guard.tokens();
    let (name, _) = tokens.iter().find(|(name, _)| name.as_str().ends_with(":a")).expect("it holds it");
    assert!(stage.lose(name), "somebody held it");
    tokio::time::timeout(LEASE + SLACK, guard.lost()).await.expect("it learns of the loss by its own lease");
    drop(guard);
}

pub(crate) async fn a_stuck_body_ends_with_its_longest_hold(stage: &Stage, kind: Kind) {
    let (here, there) = (stage.manager().await, stage.manager().await);
    let start = Instant::now();
    let request = kind.lock(&here, "a").expire(LEASE).max_hold(3 * LEASE);
    let error = request.run(pending::<()>()).await.expect_err("it never ends by itself");
    assert!(matches!(error, LockError::Lost { body: BodyOutcome::Cancelled, .. }), "{error:?}");
    // Renewed beyond one lease, but not beyond the bound.
    assert!(start.elapsed() >= 2 * LEASE, "{:?}", start.elapsed());
    drop(kind.lock(&there, "a").wait(PATIENCE).acquire().await.expect("it is free"));
}

pub(crate) async fn a_nested_call_prolongs_what_is_kept(stage: &Stage) {
    let (here, there) = (stage.manager().await, stage.manager().await);
    let start = Instant::now();
    let nested = async {
        here.lock("a").hold_at_least(KEPT).run(async {}).await.expect("it joins");
    };
    here.lock("a").hold_at_least(KEPT / 10).run(nested).await.expect("it is free");
    drop(there.lock("a").wait(PATIENCE).acquire().await.expect("its time comes"));
    assert!(start.elapsed() >= KEPT, "{:?}", start.elapsed());
}

pub(crate) async fn a_lock_is_kept_when_its_manager_is_gone(stage: &Stage) {
    let there = stage.manager().await;
    let start = Instant::now();
    {
        let here = stage.manager().await;
        let guard = here.lock("a").expire(LEASE).hold_at_least(KEPT).acquire().await.expect("it is free");
        // Told to the server while the body runs, so that it needs no release.
        tokio::time::sleep(LEASE / 2).await;
        here.shutdown(Duration::ZERO).await;
        drop(guard);
    }
    drop(there.lock("a").wait(PATIENCE).acquire().await.expect("its time comes"));
    assert!(start.elapsed() >= KEPT, "{:?}", start.elapsed());
}

pub(crate) async fn bad_times_are_errors(stage: &Stage) {
    let locks = stage.manager().await;
    let wrong = [
        locks.lock("a").expire(LEASE).max_hold(LEASE / 2),
        locks.lock("a").expire(LEASE).max_hold(LEASE).renew(false),
        locks.lock("a").hold_at_least(Duration::from_secs(31 * 24 * 60 * 60)),
    ];
    for request in wrong {
        let error = request.acquire().await.expect_err("it makes no sense");
        assert!(matches!(error, LockError::Params { .. }), "{error:?}");
    }
}
