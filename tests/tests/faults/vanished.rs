//! Connections that died in silence: a NAT gateway, a load balancer or a moved machine has forgotten them, and nobody was told.

use std::time::{Duration, Instant};

use lock_core::LockManager;
use lock_tests::{Proxy, Stage, each_server, until_async};

const PATIENCE: Duration = Duration::from_secs(20);
/// Whatever was silent for so long is gone.
const SILENCE: Duration = Duration::from_secs(1);
/// A call on a dead connection: it finds that out, makes another, and is answered there. Without that it would take the request
/// limit of a second, and then fail or begin anew.
const SOON: Duration = Duration::from_millis(900);

/// Plays with a manager whose idle connections vanish, and one that reaches the server directly.
fn where_idle_connections_vanish(test: impl AsyncFn(&Proxy, &LockManager, &LockManager) + Sync) {
    each_server(|binary| {
        Stage::on(binary).play(async |stage: &Stage| {
            let proxy = Proxy::start(stage.server().address(), 1);
            let far = LockManager::connect(&stage.server().url_through(proxy.address())).await;
            let far = far.expect("the proxy lets it through");
            let near = stage.manager().await;
            far.lock("first").acquire().await.expect("it is free").release().await.expect("it is held");
            proxy.vanish_after(SILENCE);
            test(&proxy, &far, &near).await;
        });
    });
}

/// Long enough for every connection to vanish, and not so long that a ping finds out first.
async fn fall_silent() {
    tokio::time::sleep(SILENCE + SILENCE / 2).await;
}

#[track_caller]
fn soon(since: Instant, what: &str) {
    let took = since.elapsed();
    eprintln!("{what}: {took:?}");
    assert!(took < SOON, "{what} took {took:?}");
}

#[test]
fn a_single_try_after_an_idle_while_succeeds() {
    where_idle_connections_vanish(async |_, far, _| {
        for _ in 0..3 {
            fall_silent().await;
            let since = Instant::now();
            let guard = far.lock("a").try_acquire().await.expect("the server is well").expect("it is free");
            soon(since, "try_acquire");
            guard.release().await.expect("it is held");
        }
    });
}

#[test]
fn a_call_that_does_not_wait_is_not_skipped() {
    where_idle_connections_vanish(async |_, far, _| {
        fall_silent().await;
        let ran = far.lock("a").wait(Duration::ZERO).run(async { true }).await;
        assert!(ran.expect("the server is well, and it is free"));
    });
}

#[test]
fn a_call_that_waits_does_not_wait_for_a_dead_connection() {
    where_idle_connections_vanish(async |_, far, _| {
        fall_silent().await;
        let since = Instant::now();
        let guard = far.lock("a").wait(Duration::from_secs(10)).acquire().await.expect("it is free");
        soon(since, "wait = 10s");
        guard.release().await.expect("it is held");
    });
}

#[test]
fn a_plain_thread_finds_the_engines_connection_alive() {
    where_idle_connections_vanish(async |_, far, _| {
        fall_silent().await;
        let far = far.clone();
        let calling = tokio::task::spawn_blocking(move || {
            let since = Instant::now();
            let guard = far.lock("a").wait(Duration::ZERO).acquire_blocking().expect("it is free");
            soon(since, "acquire_blocking");
            drop(guard);
        });
        calling.await.expect("no panic");
    });
}

#[test]
fn a_release_after_an_idle_body_is_confirmed() {
    where_idle_connections_vanish(async |_, far, near| {
        let guard = far.lock("a").expire(Duration::from_secs(30)).acquire().await.expect("it is free");
        tokio::time::sleep(Duration::from_secs(4)).await;
        let since = Instant::now();
        guard.release().await.expect("the server has confirmed it");
        soon(since, "release");
        assert!(near.lock("a").try_acquire().await.expect("an answer").is_some(), "it is free");
    });
}

#[test]
fn a_hold_is_renewed_over_connections_that_die_between_two_renewals() {
    where_idle_connections_vanish(async |proxy, far, near| {
        let lease = Duration::from_secs(5);
        let before = proxy.accepted();
        let guard = far.lock("a").expire(lease).acquire().await.expect("it is free");
        let since = Instant::now();
        while since.elapsed() < lease + lease / 2 {
            // A renewal is due after a third, and not lost for long.
            assert!(
                guard.remaining() > lease / 3,
                "{:?} left after {:?}",
                guard.remaining(),
                since.elapsed()
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert!(proxy.accepted() > before, "no connection has vanished");
        assert!(near.lock("a").try_acquire().await.expect("an answer").is_none(), "it is held");
        guard.release().await.expect("it was held all along");
    });
}

#[test]
fn a_waiter_whose_subscription_is_dead_gets_its_turn() {
    where_idle_connections_vanish(async |proxy, far, near| {
        let held = near.lock("a").acquire().await.expect("it is free");
        let waiter = far.lock("a").wait(PATIENCE).acquire();
        let since = Instant::now();
        let released = async {
            tokio::time::sleep(Duration::from_secs(2)).await;
            proxy.vanish();
            held.release().await.expect("it is held");
            Instant::now()
        };
        let (guard, released) = tokio::join!(waiter, released);
        let guard = guard.expect("its turn comes");
        eprintln!("handed over {:?} after the release, {:?} in all", released.elapsed(), since.elapsed());
        // The message is lost, and counts as heard: the next refresh finds the grant.
        assert!(released.elapsed() < Duration::from_secs(4), "{:?}", released.elapsed());
        drop(guard);
    });
}

#[test]
fn what_is_left_of_the_first_copy_is_undone() {
    where_idle_connections_vanish(async |proxy, far, near| {
        fall_silent().await;
        // The request arrives, its answer does not: the lock is taken by the copy that nobody hears of.
        proxy.swallow(lock_tests::Direction::ToClient, true);
        let calling = far.lock("a").expire(Duration::from_secs(60)).wait(Duration::ZERO).acquire();
        let error = calling.await.expect_err("nobody answered");
        assert!(matches!(error, lock_core::LockError::Unavailable { .. }), "{error:?}");
        proxy.heal();
        let guard =
            near.lock("a").wait(PATIENCE).acquire().await.expect("it was undone, long before its lease");
        guard.release().await.expect("it is held");
    });
}

#[test]
fn idle_connections_are_kept_from_being_forgotten() {
    each_server(|binary| {
        Stage::on(binary).play(async |stage: &Stage| {
            let proxy = Proxy::start(stage.server().address(), 1);
            let url = stage.server().url_through(proxy.address());
            let far = LockManager::connect(&url).await.expect("the proxy lets it through");
            far.lock("a").acquire().await.expect("it is free").release().await.expect("it is held");
            // Lane, engine and subscription are pinged before this is over.
            proxy.vanish_after(Duration::from_millis(7_500));
            let before = proxy.accepted();
            tokio::time::sleep(Duration::from_secs(17)).await;
            let since = Instant::now();
            let guard = far.lock("a").try_acquire().await.expect("an answer").expect("it is free");
            eprintln!("after 17 s: {:?}", since.elapsed());
            guard.release().await.expect("it is held");
            assert_eq!(proxy.accepted(), before, "a connection had died");
        });
    });
}

#[test]
fn a_dead_connection_is_replaced_before_it_is_needed() {
    each_server(|binary| {
        Stage::on(binary).play(async |stage: &Stage| {
            let proxy = Proxy::start(stage.server().address(), 1);
            let url = stage.server().url_through(proxy.address());
            let far = LockManager::connect(&url).await.expect("the proxy lets it through");
            far.lock("a").acquire().await.expect("it is free").release().await.expect("it is held");
            let before = proxy.accepted();
            proxy.vanish();
            // The subscription is asked every 2 s, an idle lane every 5 s, each for a second.
            until_async(PATIENCE, "all are made anew", || proxy.accepted() >= before + 3).await;
            let since = Instant::now();
            let guard = far.lock("a").try_acquire().await.expect("an answer").expect("it is free");
            assert!(since.elapsed() < Duration::from_millis(200), "{:?}", since.elapsed());
            guard.release().await.expect("it is held");
        });
    });
}
