use std::future::pending;
use std::time::{Duration, Instant};

use lock_core::{BodyOutcome, LockError, OnLost};
use lock_tests::{Stage, arrive};

use crate::kinds::{Kind, token_of};

const LEASE: Duration = Duration::from_millis(400);
/// How late a signal may be on a busy machine.
const SLACK: Duration = Duration::from_millis(500);
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) async fn a_lease_that_is_not_renewed_ends(stage: &Stage, kind: Kind) {
    let (here, there) = (stage.manager().await, stage.manager().await);
    let start = Instant::now();
    let first = kind.lock(&here, "a").expire(LEASE).renew(false).acquire().await.expect("it is free");
    assert!(first.remaining() <= LEASE && !first.is_lost());
    let second = kind.lock(&there, "a").wait(PATIENCE).acquire().await.expect("the lease ends");
    assert!(first.is_lost(), "two hold at a time");
    assert_eq!(first.remaining(), Duration::ZERO);
    // A little earlier than the whole lease: a holder that has counted its loss gives the lock back.
    assert!(start.elapsed() >= LEASE * 9 / 10, "{:?}", start.elapsed());
    assert!(token_of(&second, "a") > token_of(&first, "a"));
    // What is lost is not given back a second time.
    drop(first);
    assert!(kind.lock(&here, "a").try_acquire().await.expect("an answer").is_none());
    assert!(!second.is_lost());
}

pub(crate) async fn a_renewed_hold_outlives_many_leases(stage: &Stage, kind: Kind) {
    let (here, there) = (stage.manager().await, stage.manager().await);
    let guard = kind.lock(&here, "a").expire(LEASE).acquire().await.expect("it is free");
    let start = Instant::now();
    while start.elapsed() < 6 * LEASE {
        assert!(!guard.is_lost(), "lost after {:?}", start.elapsed());
        assert!(guard.remaining() <= LEASE);
        assert!(kind.lock(&there, "a").try_acquire().await.expect("an answer").is_none());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    guard.release().await.expect("it is held");
    assert!(kind.lock(&there, "a").try_acquire().await.expect("an answer").is_some());
}

pub(crate) async fn the_loss_is_told_by_the_end_of_the_lease(stage: &Stage, kind: Kind) {
    let locks = stage.manager().await;
    let start = Instant::now();
    let guard = kind.lock(&locks, "a").expire(LEASE).renew(false).acquire().await.expect("it is free");
    let held = guard.held();
    assert!(held.check().is_ok());
    tokio::join!(guard.lost(), held.lost());
    assert!(start.elapsed() < LEASE + SLACK, "{:?}", start.elapsed());
    assert!(guard.is_lost() && held.is_lost());
    assert!(matches!(held.check(), Err(LockError::Lost { .. })));
}

pub(crate) async fn a_body_is_cancelled_with_its_lease(stage: &Stage, kind: Kind) {
    let locks = stage.manager().await;
    let start = Instant::now();
    let outcome = kind.lock(&locks, "a").expire(LEASE).renew(false).run(pending::<()>()).await;
    let took = start.elapsed();
    assert!(matches!(outcome, Err(LockError::Lost { body: BodyOutcome::Cancelled, .. })), "{outcome:?}");
    assert!(took < LEASE + SLACK, "{took:?}");
}

pub(crate) async fn a_body_that_ends_after_its_lease_is_told_so(stage: &Stage, kind: Kind) {
    let locks = stage.manager().await;
    // It blocks its thread, so there is no await to cancel it at.
    let blocks = async { std::thread::sleep(2 * LEASE) };
    let outcome = kind.lock(&locks, "a").expire(LEASE).renew(false).run(blocks).await;
    assert!(matches!(outcome, Err(LockError::Lost { body: BodyOutcome::Finished, .. })), "{outcome:?}");
}

pub(crate) async fn a_body_may_be_let_finish(stage: &Stage, kind: Kind) {
    let locks = stage.manager().await;
    let body = async {
        tokio::time::sleep(2 * LEASE).await;
        7
    };
    let outcome = kind.lock(&locks, "a").expire(LEASE).renew(false).on_lost(OnLost::Finish).run(body).await;
    assert_eq!(outcome.expect("its result counts"), 7);
}

pub(crate) async fn the_error_of_a_body_is_never_masked(stage: &Stage, kind: Kind) {
    let locks = stage.manager().await;
    let outcome = kind.lock(&locks, "a").run(async { Err::<(), _>("its own") }).await;
    assert_eq!(outcome.expect("the lock was held"), Err("its own"));
}

pub(crate) async fn a_waiter_takes_over_when_a_lease_ends(stage: &Stage, kind: Kind) {
    let (here, there) = (stage.manager().await, stage.manager().await);
    let dies = kind.lock(&here, "a").expire(LEASE).renew(false).acquire().await.expect("it is free");
    let waiter = async move { kind.lock(&there, "a").wait(PATIENCE).acquire().await };
    let waiter = arrive(stage, "a", waiter).await;
    dies.lost().await;
    let lost = Instant::now();
    let next = waiter.await.expect("no panic").expect("the lease ends");
    assert!(lost.elapsed() < SLACK + Duration::from_secs(1), "{:?}", lost.elapsed());
    assert!(token_of(&next, "a") > token_of(&dies, "a"));
}

/// The holder has not noticed that its lock is gone, and has long to go until its next renewal: the server's word on the
/// release is the first that it hears of it.
pub(crate) async fn a_release_of_what_was_taken_away_says_so(stage: &Stage, kind: Kind) {
    let (here, there) = (stage.manager().await, stage.manager().await);
    for next_holder in [false, true] {
        let guard = kind.lock(&here, "a").expire(PATIENCE / 2).acquire().await.expect("it is free");
        let tokens = guard.tokens();
        let (name, _) = tokens.iter().find(|(name, _)| name.as_str().ends_with(":a")).expect("it holds it");
        assert!(stage.lose(name), "somebody held it");
        let next = match next_holder {
            true => Some(kind.lock(&there, "a").acquire().await.expect("it is free")),
            false => None,
        };
        assert!(!guard.is_lost(), "nobody has told it yet");
        let error = guard.release().await.expect_err("the server knows nothing of it");
        assert!(matches!(error, LockError::Lost { body: BodyOutcome::Finished, .. }), "{error:?}");
        if let Some(next) = next {
            next.release().await.expect("a stranger's release frees nothing");
        }
    }
}
