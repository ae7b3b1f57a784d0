//! How long the lock of an annotated function lasts at least and at most.

use std::cell::Cell;
use std::time::{Duration, Instant};

use lock_core::{BodyOutcome, Held, LockError, LockManager, distributed_lock};
use lock_tests::Stage;

use crate::annotated::{KEPT, LEASE, LONGEST_HOLD, PATIENCE, SLACK, each, runs_on};

/// What the last renewal may leave unused.
const EARLIER: Duration = Duration::from_millis(200);

/// That a body which began with the call and never ended was ended by `max_hold`.
fn is_right(kind: &str, ran: Duration, took: Duration) {
    assert!(ran < LONGEST_HOLD, "{kind}: its body ran for {ran:?}");
    assert!(took > LONGEST_HOLD - EARLIER, "{kind}: ended too early, after {took:?}");
    assert!(took < LONGEST_HOLD + SLACK, "{kind}: ended late, after {took:?}");
}

pub(crate) async fn a_body_that_never_ends_is_ended_by_its_longest_hold(stage: &Stage) {
    let (here, there) = (stage.manager().await, stage.manager().await);
    each(stage, async |of, id| {
        let (start, ran) = (Instant::now(), Cell::new(Duration::ZERO));
        of.is_lost((of.bounded)(&here, id, Box::pin(runs_on(&ran))).await, BodyOutcome::Cancelled);
        is_right(of.kind, ran.get(), start.elapsed());
        of.become_free(&there, id).await;
    })
    .await;
}

#[distributed_lock(prefix = "order", key = id, expire = LEASE, max_hold = LONGEST_HOLD, locks = locks, guard = held)]
fn runs_plain(locks: &LockManager, id: u64, ran: &mut Duration) -> Result<u64, LockError> {
    let begun = Instant::now();
    runs_until_told(&held, begun, ran);
    Ok(id)
}

#[distributed_lock(
    prefix = "order", key = id, kind = "red", expire = LEASE, max_hold = LONGEST_HOLD, locks = locks, guard = held
)]
fn runs_plain_on_masters(locks: &LockManager, id: u64, ran: &mut Duration) -> Result<u64, LockError> {
    let begun = Instant::now();
    runs_until_told(&held, begun, ran);
    Ok(id)
}

fn runs_until_told(held: &Held, begun: Instant, ran: &mut Duration) {
    loop {
        let now = begun.elapsed();
        assert!(now < LONGEST_HOLD + SLACK, "it is not told");
        if held.check().is_err() {
            return;
        }
        *ran = now;
        std::thread::sleep(LEASE / 100);
    }
}

pub(crate) async fn a_plain_body_is_told_of_the_end_of_its_longest_hold(stage: &Stage) {
    let locks = stage.manager().await;
    let (start, mut ran) = (Instant::now(), Duration::ZERO);
    let call = if stage.keeps_red() { runs_plain_on_masters } else { runs_plain };
    let error = call(&locks, 42, &mut ran).expect_err("its hold was over");
    assert!(matches!(error, LockError::Lost { body: BodyOutcome::Finished, .. }), "{error:?}");
    is_right("plain", ran, start.elapsed());
}

pub(crate) async fn a_call_that_returned_keeps_its_lock_for_its_time(stage: &Stage) {
    let (here, there) = (stage.manager().await, stage.manager().await);
    each(stage, async |of, id| {
        let start = Instant::now();
        (of.kept)(&here, id, Box::pin(async {})).await.expect("it is free");
        let took = start.elapsed();
        assert!(took < KEPT * 3 / 4, "{}: the call returns at once, not after {took:?}", of.kind);
        let mut first = true;
        loop {
            let before = start.elapsed();
            let free = of.free_orders(&there, id).await;
            let after = start.elapsed();
            assert!(free == 0 || after >= KEPT, "{}: {free} free after {after:?}", of.kind);
            if free == of.orders {
                break;
            }
            assert!(before < KEPT + SLACK, "{}: still held after {before:?}", of.kind);
            if std::mem::take(&mut first) && !of.reads {
                for locks in [&here, &there] {
                    let second = (of.renewed)(locks, id, Box::pin(async { panic!("it is kept") })).await;
                    assert!(second.expect_err("it is kept").is_busy(), "{}", of.kind);
                }
            }
            tokio::time::sleep(KEPT / 20).await;
        }
        (of.renewed)(&there, id, Box::pin(async {})).await.expect("its time is over");
    })
    .await;
}

/// A job that every process starts at the same moment, and one of them does.
#[distributed_lock(name = "nightly", wait = "0s", hold_at_least = KEPT, on_busy = "skip", locks = locks)]
async fn nightly(locks: &LockManager) -> Result<Option<Instant>, LockError> {
    Ok(Some(Instant::now()))
}

#[distributed_lock(name = "nightly", wait = PATIENCE, hold_at_least = KEPT, locks = locks)]
fn nightly_in_turn(locks: &LockManager) -> Result<Instant, LockError> {
    Ok(Instant::now())
}

pub(crate) async fn a_second_call_is_skipped_while_the_lock_is_kept(stage: &Stage) {
    let (here, there) = (stage.manager().await, stage.manager().await);
    let start = Instant::now();
    let mut last = nightly(&here).await.expect("an answer").expect("it is free");
    for locks in [&here, &there, &here] {
        if let Some(again) = nightly(locks).await.expect("a skip is no error") {
            assert!(start.elapsed() >= KEPT, "it ran twice within {:?}", start.elapsed());
            last = again;
        }
    }
    let ran = nightly_in_turn(&there).expect("its time comes");
    assert!(ran.duration_since(start) >= KEPT, "{:?}", ran.duration_since(start));
    assert!(ran.duration_since(last) < KEPT + SLACK, "{:?}", ran.duration_since(last));
}
