//! Masters that stand still while somebody wants the lock.

use std::time::{Duration, Instant};

use lock_core::LockError;
use lock_tests::{Masters, leftovers, until_async};

use super::{PATIENCE, SLACK, acquire, on_each};

#[test]
fn a_frozen_minority_is_not_waited_for() {
    on_each(|binary| async move {
        let masters = Masters::start(binary, 3);
        let locks = masters.manager().await;
        for place in 0..3 {
            masters.server(place).pause();
            let start = Instant::now();
            let guard = acquire(&locks, PATIENCE).await.expect("a majority answers");
            guard.release().await.expect("a majority answers");
            let took = start.elapsed();
            assert!(took < SLACK, "{took:?} with a frozen master");
            eprintln!("on {}: {took:?} to acquire and release, master {place} frozen", binary.label());
            masters.server(place).resume();
            masters.are_empty().await;
        }
    });
}

#[test]
fn a_frozen_majority_is_unavailable_by_the_deadline_and_leaves_nothing() {
    on_each(|binary| async move {
        let masters = Masters::start(binary, 3);
        let locks = masters.manager().await;
        masters.server(0).pause();
        masters.server(1).pause();
        let start = Instant::now();
        let wait = Duration::from_secs(1);
        let error = acquire(&locks, wait).await.expect_err("no majority answers");
        let took = start.elapsed();
        assert!(matches!(error, LockError::Unavailable { .. }), "{error}");
        let text = error.to_string();
        assert!(text.contains("1 of 3 granted it, 0 busy, 2 unavailable"), "{text}");
        assert!(text.contains("no answer within"), "{text}");
        assert!(took >= wait && took < wait + SLACK, "{took:?}");
        until_async(PATIENCE, "what the third had granted is given back", || {
            leftovers(masters.server(2), "LOCK").is_empty()
        })
        .await;
        masters.server(0).resume();
        masters.server(1).resume();
        masters.are_empty().await;
        drop(acquire(&locks, PATIENCE).await.expect("all answer again"));
    });
}

/// It holds a majority, or had it: the one that answers can't say.
#[test]
fn a_holder_of_whom_a_minority_tells_is_not_enough_for_busy() {
    on_each(|binary| async move {
        let masters = Masters::start(binary, 3);
        let (here, there) = (masters.manager().await, masters.manager().await);
        let held = acquire(&there, PATIENCE).await.expect("it is free");
        until_async(PATIENCE, "all three have it", || masters.who_have("a").len() == 3).await;
        masters.server(0).pause();
        masters.server(1).pause();
        let error = acquire(&here, Duration::ZERO).await.expect_err("no majority answers");
        let text = error.to_string();
        assert!(matches!(error, LockError::Unavailable { .. }), "{text}");
        assert!(text.contains("0 of 3 granted it, 1 busy, 2 unavailable"), "{text}");
        masters.server(0).resume();
        masters.server(1).resume();
        drop(held);
        masters.are_empty().await;
    });
}
