//! A waiter in the middle of a queue that is cut off from the server: what that costs the others, and what becomes of it.

use std::time::{Duration, Instant};

use lock_core::LockKind;
use lock_tests::{Stage, each_server, until_async};

use crate::queue::{HEARTBEAT, LEASE, PATIENCE, Queue, REFRESH, SLACK};

const MIDDLE: [LockKind; 2] = [LockKind::Fair, LockKind::Read];

/// Nothing is to be seen of it before the lock is given to somebody: only then places are looked at.
async fn its_heartbeat_ends() {
    tokio::time::sleep(HEARTBEAT + HEARTBEAT / 10).await;
}

fn each(test: impl AsyncFn(Queue<'_>, LockKind) + Sync) {
    each_server(|binary| {
        for kind in MIDDLE {
            Stage::on(binary).play(async |stage: &Stage| test(Queue::start(stage).await, kind).await);
        }
    });
}

/// It is granted the lock, which it can't hear.
#[test]
fn a_waiter_that_is_cut_off_costs_an_unclaimed_grant_at_most_and_has_its_turn_when_it_is_back() {
    each(async |queue, kind| {
        let held = queue.hold().await;
        let first = queue.waits(&queue.near[0], "first", LockKind::Fair, PATIENCE).await;
        let middle = queue.waits(&queue.far, "middle", kind, PATIENCE).await;
        let last = queue.waits(&queue.near[1], "last", LockKind::Fair, PATIENCE).await;
        queue.proxy.black_hole(true);
        let released = Instant::now();
        held.release().await.expect("it is held");
        queue.serves("first", SLACK).await;
        queue.serves("last", LEASE + REFRESH + SLACK).await;
        eprintln!("{kind:?}: the one behind it holds after {:?}", released.elapsed());
        queue.in_order(&["first", "last"]);
        assert!(!middle.is_finished());
        queue.proxy.heal();
        Queue::all(vec![first, last, middle]).await;
        queue.in_order(&["first", "last", "middle"]);
        queue.is_empty().await;
    });
}

/// Its place is dropped while somebody holds the lock for long; it gets the place back, before those who came later.
#[test]
fn a_waiter_that_was_cut_off_for_long_costs_nothing_and_gets_its_place_back() {
    each(async |queue, kind| {
        let held = queue.hold().await;
        let first = queue.waits(&queue.near[0], "first", LockKind::Fair, PATIENCE).await;
        let middle = queue.waits(&queue.far, "middle", kind, PATIENCE).await;
        let last = queue.waits(&queue.near[1], "last", LockKind::Fair, PATIENCE).await;
        queue.proxy.black_hole(true);
        its_heartbeat_ends().await;
        let released = Instant::now();
        held.release().await.expect("it is held");
        queue.serves("first", SLACK).await;
        queue.serves("last", SLACK).await;
        eprintln!("{kind:?}: the one behind it holds after {:?}", released.elapsed());
        Queue::all(vec![first, last]).await;

        // Somebody holds again, and somebody else waits, before it is back.
        let held = queue.hold().await;
        let newcomer = queue.waits(&queue.near[1], "newcomer", LockKind::Fair, PATIENCE).await;
        let one = queue.stage.record_length("a");
        queue.proxy.heal();
        until_async(PATIENCE, "it is in the queue again", || queue.stage.record_length("a") > one).await;
        assert!(!middle.is_finished());
        held.release().await.expect("it is held");
        Queue::all(vec![middle, newcomer]).await;
        queue.in_order(&["first", "last", "middle", "newcomer"]);
        queue.is_empty().await;
    });
}

/// Back in time to hear that somebody else holds the lock, but not to get it.
#[test]
fn a_waiter_that_was_cut_off_is_busy_by_its_deadline() {
    const WAIT: Duration = Duration::from_secs(6);
    each(async |queue, kind| {
        let held = queue.hold().await;
        let other = queue.waits(&queue.near[1], "other", LockKind::Fair, PATIENCE).await;
        let alone = queue.stage.record_length("a");
        let start = Instant::now();
        let middle = queue.waits(&queue.far, "middle", kind, WAIT).await;
        queue.proxy.black_hole(true);
        its_heartbeat_ends().await;
        queue.proxy.heal();
        let error = middle.await.expect("no panic").expect_err("it is held");
        let waited = start.elapsed();
        assert!(error.is_busy(), "{error:?}");
        assert!(WAIT <= waited && waited < WAIT + SLACK, "it waited {waited:?}");
        until_async(SLACK, "its place is given up", || queue.stage.record_length("a") == alone).await;
        assert!(!held.is_lost());
        held.release().await.expect("it is held");
        queue.serves("other", SLACK).await;
        Queue::all(vec![other]).await;
        queue.is_empty().await;
    });
}
