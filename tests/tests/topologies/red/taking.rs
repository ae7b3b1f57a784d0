//! Taken on all masters, and given back to all.

use std::time::{Duration, Instant, SystemTime};

use lock_core::{Held, LockError, LockManager, distributed_lock};
use lock_tests::{Masters, until_async};

use super::{PATIENCE, SLACK, acquire, on_each};

#[distributed_lock(prefix = "order", key = "id", kind = "red", locks = locks)]
async fn annotated(locks: &LockManager, id: u64) -> Result<(bool, Vec<String>), LockError> {
    let others = locks.lock(("order", id)).red().wait(Duration::ZERO);
    // In a task of its own, so that it is not nested.
    let busy = tokio::spawn(others.acquire()).await.expect("no panic").is_err_and(|error| error.is_busy());
    let names = Held::current().expect("inside").names();
    Ok((busy, names.iter().map(ToString::to_string).collect()))
}

#[test]
fn a_red_lock_is_taken_on_all_masters_and_leaves_nothing() {
    on_each(|binary| async move {
        let masters = Masters::start(binary, 3);
        let locks = masters.manager().await;
        let (busy, names) = annotated(&locks, 42).await.expect("it is free");
        assert!(busy);
        assert_eq!(names, ["LOCK:order:42"]);
        masters.are_empty().await;
        let guard = acquire(&locks, PATIENCE).await.expect("it is free");
        until_async(PATIENCE, "all three have it", || masters.leftovers().len() == 3).await;
        drop(guard);
        masters.are_empty().await;
    });
}

#[test]
fn who_waits_in_vain_is_told_that_it_is_busy() {
    on_each(|binary| async move {
        let masters = Masters::start(binary, 3);
        let (here, there) = (masters.manager().await, masters.manager().await);
        let held = acquire(&there, PATIENCE).await.expect("it is free");
        // Up to the last moment: an attempt that the end of the wait cuts short says nothing of its own.
        for wait in [0, 300, 1_000, 1_700].map(Duration::from_millis) {
            let start = Instant::now();
            let error = acquire(&here, wait).await.expect_err("it is held");
            assert!(start.elapsed() < wait + SLACK, "{:?}", start.elapsed());
            assert!(error.is_busy(), "{wait:?}: {error:?}");
        }
        held.release().await.expect("it is held");
        masters.are_empty().await;
    });
}

/// A majority that shares one master with the one before must draw above it, whatever its other masters' counters say.
#[test]
fn tokens_rise_over_alternating_majorities() {
    on_each(|binary| async move {
        let masters = Masters::start(binary, 3);
        let locks = masters.manager().await;
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("after 1970");
        // One master's numbers are an hour ahead: without the write-back only majorities with it would count so far.
        let ahead = (now + Duration::from_secs(3600)).as_micros().to_string();
        masters.server(0).must(&["SET", "LOCK:%fence", &ahead]);
        let mut last = 0;
        for away in [2, 0, 1, 2, 0, 2, 1, 0] {
            masters.server(away).pause();
            let guard = acquire(&locks, PATIENCE).await.expect("a majority answers");
            assert!(guard.token() > last, "without master {away}: {} after {last}", guard.token());
            last = guard.token();
            guard.release().await.expect("a majority answers");
            masters.server(away).resume();
            masters.are_empty().await;
        }
    });
}

#[test]
fn a_release_reaches_a_master_that_was_silent_meanwhile() {
    on_each(|binary| async move {
        let masters = Masters::start(binary, 3);
        let locks = masters.manager().await;
        let guard =
            locks.lock("a").red().expire(Duration::from_secs(30)).acquire().await.expect("it is free");
        until_async(PATIENCE, "all three have it", || masters.leftovers().len() == 3).await;
        masters.server(1).pause();
        let start = Instant::now();
        guard.release().await.expect("a majority answers");
        assert!(start.elapsed() < SLACK, "the silent one is not waited for: {:?}", start.elapsed());
        masters.server(1).resume();
        // Long before its lease is over.
        masters.are_empty().await;
    });
}
