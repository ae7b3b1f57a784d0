//! A network that delays, loses and holds back.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use lock_core::{LockError, LockManager};
use lock_tests::{Direction, Proxy, Stage, drop_after, each_server, until_async};

const PATIENCE: Duration = Duration::from_secs(20);
/// A first attempt may take the request limit, whatever the wait is; the rest is for a busy machine.
const SLACK: Duration = Duration::from_millis(1_800);

/// Plays with a manager behind a proxy and one that reaches the server directly.
fn behind_a_proxy(test: impl AsyncFn(&Proxy, &LockManager, &LockManager) + Sync) {
    each_server(|binary| {
        Stage::on(binary).play(async |stage: &Stage| {
            let proxy = Proxy::start(stage.server().address(), 1);
            let url = stage.server().url_through(proxy.address());
            let far = LockManager::connect(&url).await.expect("the proxy lets it through");
            let near = stage.manager().await;
            // Connections, scripts and the server's time are known before anything goes wrong.
            far.lock("first").acquire().await.expect("it is free").release().await.expect("it is held");
            test(&proxy, &far, &near).await;
            proxy.heal();
            let guard = far.lock("a").wait(PATIENCE).acquire().await.expect("the network is well again");
            guard.release().await.expect("it is held");
        });
    });
}

#[test]
fn a_grant_that_comes_after_its_lease_starts_no_body() {
    behind_a_proxy(async |proxy, far, near| {
        proxy.delay(Direction::ToClient, Duration::from_millis(600), Duration::ZERO);
        let ran = AtomicUsize::new(0);
        for _ in 0..3 {
            let body = async { ran.fetch_add(1, Ordering::SeqCst) };
            let request = far.lock("a").expire(Duration::from_millis(300)).wait(Duration::from_millis(500));
            let error = request.run(body).await.expect_err("no grant can arrive in time");
            assert!(matches!(error, LockError::Unavailable { .. } | LockError::Busy { .. }), "{error:?}");
        }
        assert_eq!(ran.load(Ordering::SeqCst), 0, "a body ran on a lease that was over");
        near.lock("a")
            .wait(PATIENCE)
            .acquire()
            .await
            .expect("nothing is left of it")
            .release()
            .await
            .expect("held");
    });
}

#[test]
fn a_renewal_whose_answer_is_late_does_not_prolong_the_hold() {
    behind_a_proxy(async |proxy, far, near| {
        let lease = Duration::from_millis(600);
        let guard = far.lock("a").expire(lease).acquire().await.expect("it is free");
        proxy.stall(Direction::ToClient, true);
        tokio::time::timeout(lease + SLACK, guard.lost()).await.expect("it learns of the loss");
        let next = near.lock("a").wait(PATIENCE).acquire().await.expect("the lease ends");
        // The answers arrive now: too late to bring the hold back.
        proxy.stall(Direction::ToClient, false);
        let start = Instant::now();
        while start.elapsed() < lease {
            assert!(guard.is_lost());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        assert!(next.token() > guard.token());
    });
}

#[test]
fn a_renewal_that_fails_is_tried_again_while_the_lease_lasts() {
    behind_a_proxy(async |proxy, far, near| {
        let lease = Duration::from_secs(4);
        let guard = far.lock("a").expire(lease).acquire().await.expect("it is free");
        proxy.refuse(true);
        proxy.cut();
        // The first renewal was due after a third, and the next ones soon behind it.
        until_async(lease, "renewals fail", || guard.remaining() < lease / 2).await;
        assert!(!guard.is_lost(), "given up while half of the lease is left");
        assert!(near.lock("a").try_acquire().await.expect("an answer").is_none(), "freed by its own holder");
        proxy.refuse(false);
        until_async(lease, "it is renewed", || guard.remaining() > lease * 3 / 4).await;
        guard.release().await.expect("it was held all along");
    });
}

#[test]
fn a_lost_reply_is_neither_held_nor_busy_and_is_undone() {
    behind_a_proxy(async |proxy, far, near| {
        proxy.swallow(Direction::ToClient, true);
        let start = Instant::now();
        let request = far.lock("a").expire(Duration::from_secs(2)).wait(Duration::from_millis(500));
        let error = request.acquire().await.expect_err("nobody answered");
        assert!(matches!(error, LockError::Unavailable { .. }), "{error:?}");
        assert!(start.elapsed() < Duration::from_millis(500) + SLACK, "{:?}", start.elapsed());
        proxy.heal();
        near.lock("a")
            .wait(PATIENCE)
            .acquire()
            .await
            .expect("it was undone")
            .release()
            .await
            .expect("it is held");
    });
}

#[test]
fn a_silent_peer_is_left_for_a_new_connection() {
    behind_a_proxy(async |proxy, far, _near| {
        // Connections that swallowed something stay silent for ever: only new ones help.
        let before = proxy.accepted();
        proxy.black_hole(true);
        let error = far.lock("a").wait(Duration::ZERO).acquire().await.expect_err("nobody answers");
        assert!(matches!(error, LockError::Unavailable { .. }), "{error:?}");
        proxy.black_hole(false);
        let guard = far.lock("a").wait(PATIENCE).acquire().await.expect("the peer speaks again");
        // It may have come by the engine's connection, which had swallowed nothing; the silent one is replaced all the same.
        until_async(PATIENCE, "a new connection", || proxy.accepted() > before).await;
        drop(guard);
    });
}

#[test]
fn an_acquire_dropped_while_its_request_is_under_way_leaves_nothing() {
    behind_a_proxy(async |proxy, far, near| {
        for direction in [Direction::ToServer, Direction::ToClient] {
            for polls in 1..4 {
                // A name of its own: the answer to an earlier request may serve whoever comes next.
                let name = format!("{direction:?}{polls}");
                proxy.stall(direction, true);
                let acquire = far.lock(&name).expire(Duration::from_secs(60)).wait(PATIENCE).acquire();
                let dropped =
                    tokio::time::timeout(Duration::from_millis(20), drop_after(polls, acquire)).await;
                if let Ok(Some(outcome)) = dropped {
                    panic!("an outcome without an answer: {outcome:?}");
                }
                proxy.stall(direction, false);
                // Its lease is a minute: only an undo can have freed it.
                let guard = near.lock(&name).wait(PATIENCE).acquire().await.expect("it was undone");
                guard.release().await.expect("it is held");
            }
        }
    });
}

#[test]
fn holders_at_both_ends_of_a_slow_network_never_overlap() {
    behind_a_proxy(async |proxy, far, near| {
        proxy.delay(Direction::ToServer, Duration::from_millis(5), Duration::from_millis(20));
        proxy.delay(Direction::ToClient, Duration::from_millis(5), Duration::from_millis(20));
        let inside = AtomicUsize::new(0);
        let turn = async |locks: &LockManager| {
            for _ in 0..25 {
                let body = async {
                    assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0);
                    tokio::task::yield_now().await;
                    inside.fetch_sub(1, Ordering::SeqCst);
                };
                locks.lock("a").wait(PATIENCE).run(body).await.expect("its turn comes");
            }
        };
        tokio::join!(turn(far), turn(near), turn(far), turn(near));
    });
}
