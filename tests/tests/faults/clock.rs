//! Servers whose clock is set while they keep locks.

use std::time::Duration;

use lock_tests::{Server, Stage, arrive, each_server, until_async};

const LEASE: Duration = Duration::from_secs(2);
const PATIENCE: Duration = Duration::from_secs(20);
const AN_HOUR_MS: i64 = 3_600_000;

fn on_each(test: impl AsyncFn(&Stage) + Sync) {
    each_server(|binary| {
        Stage::of(Server::of(binary).steppable_clock().start()).play(async |stage: &Stage| test(stage).await);
    });
}

async fn step(stage: &Stage, ahead_ms: i64) {
    let server = stage.server();
    server.step_clock(ahead_ms);
    until_async(PATIENCE, "it shows that", || server.shows_ahead_ms().abs_diff(ahead_ms) < 60_000).await;
}

/// What the README says cannot be promised, and what can all the same: the holder is told, the next one has the higher
/// token, and the first one's end does not touch it.
#[test]
fn a_clock_set_ahead_ends_leases_and_their_holders_are_told() {
    on_each(async |stage| {
        let (here, there) = (stage.manager().await, stage.manager().await);
        let first = here.lock("a").expire(LEASE).acquire().await.expect("it is free");
        step(stage, AN_HOUR_MS).await;
        let second = there.lock("a").wait(PATIENCE).acquire().await.expect("the lease is over by that clock");
        assert!(second.token() > first.token());
        tokio::time::timeout(LEASE, first.lost()).await.expect("a renewal finds out");
        drop(first);
        tokio::time::sleep(LEASE / 4).await;
        assert!(here.lock("a").try_acquire().await.expect("an answer").is_none(), "it is the second one's");
        second.release().await.expect("it is held");
    });
}

/// A waiting caller and the next request meet the server with a bound taken from its old clock.
#[test]
fn locks_go_on_to_work_whichever_way_a_clock_is_set() {
    on_each(async |stage| {
        let (here, there) = (stage.manager().await, stage.manager().await);
        for ahead_ms in [AN_HOUR_MS, 0, -AN_HOUR_MS, 0] {
            let held = here.lock("a").expire(LEASE).acquire().await.expect("it is free");
            let waiting = there.clone();
            let waiter = async move { waiting.lock("a").wait(PATIENCE).acquire().await };
            let waiter = arrive(stage, "a", waiter).await;
            step(stage, ahead_ms).await;
            drop(held);
            let next = waiter.await.expect("no panic").expect("it is handed over, or over");
            next.release().await.expect("it is held");
            for locks in [&here, &there] {
                let guard = locks.lock("b").wait(PATIENCE).acquire().await.expect("it is free");
                guard.release().await.expect("it is held");
            }
        }
    });
}

#[test]
fn a_clock_set_back_takes_nothing_from_a_holder() {
    on_each(async |stage| {
        let (here, there) = (stage.manager().await, stage.manager().await);
        let held = here.lock("a").expire(LEASE).acquire().await.expect("it is free");
        step(stage, -AN_HOUR_MS).await;
        // Over several renewals.
        let busy = there.lock("a").wait(LEASE * 2).acquire().await.expect_err("it is held");
        assert!(busy.is_busy() && !held.is_lost(), "{busy:?}");
        let token = held.token();
        held.release().await.expect("it is held");
        let next = there.lock("a").wait(PATIENCE).acquire().await.expect("it is free");
        // The counter remembers what the clock has forgotten.
        assert!(next.token() > token, "{} after {token}", next.token());
        next.release().await.expect("it is held");
    });
}
