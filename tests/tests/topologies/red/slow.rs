//! Answers that come late: no master is waited for longer than a part of the lease, and 250 ms.

use std::collections::BTreeSet;
use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::{Duration, Instant};

use lock_core::{LockError, LockManager};
use lock_tests::{Direction, Masters, Proxy, until_async};

use super::{PATIENCE, SLACK, acquire, on_each};

/// As long as any other request may take, and far too long for one of several masters.
const REQUEST_LIMIT: Duration = Duration::from_secs(1);

/// A manager that is connected to all, from here too, before any of them is slow.
async fn through(masters: &Masters, proxies: &[Proxy]) -> LockManager {
    let locks = masters.builder_through(proxies).red_masters_keep_data().connect().await.expect("all answer");
    let guard = acquire(&locks, PATIENCE).await.expect("it is free");
    until_async(PATIENCE, "all three have it", || masters.who_have("a") == [0, 1, 2]).await;
    guard.release().await.expect("all answer");
    masters.are_empty().await;
    locks
}

fn all_answer_later(proxies: &[Proxy], delay: Duration) {
    proxies.iter().for_each(|proxy| proxy.delay(Direction::ToClient, delay, Duration::ZERO));
}

/// The limit is 250 ms, or a fifth of the lease.
#[test]
fn answers_beyond_the_limit_of_a_master_are_no_votes() {
    on_each(async |binary| {
        let masters = Masters::start(binary, 3);
        let proxies = masters.proxies();
        let locks = through(&masters, &proxies).await;
        for (name, lease, limit, delay) in [("long", 10_000, 250, 700), ("short", 500, 100, 500)] {
            let [lease, limit, delay] = [lease, limit, delay].map(Duration::from_millis);
            all_answer_later(&proxies, delay);
            let start = Instant::now();
            let request = locks.lock(name).red().expire(lease).wait(Duration::ZERO);
            let error = request.acquire().await.expect_err("all answer too late");
            let took = start.elapsed();
            assert!(matches!(error, LockError::Unavailable { .. }), "{error}");
            let text = error.to_string();
            assert!(text.contains("0 of 3 granted it, 0 busy, 3 unavailable"), "{text}");
            assert_eq!(text.matches(&format!("no answer within {limit:?}")).count(), 3, "{text}");
            assert!(took >= limit && took < REQUEST_LIMIT, "{took:?} with a limit of {limit:?}");
            all_answer_later(&proxies, Duration::ZERO);
            masters.are_empty().await;
        }
        // Too slow for a short lease is quick enough for a long one.
        all_answer_later(&proxies, Duration::from_millis(130));
        drop(acquire(&locks, PATIENCE).await.expect("each answer is within its limit"));
        masters.are_empty().await;
    });
}

#[test]
fn a_frozen_majority_is_asked_again_and_again_until_the_wait_is_over() {
    on_each(async |binary| {
        let masters = Masters::start(binary, 3);
        let locks = masters.manager().await;
        masters.server(0).pause();
        masters.server(1).pause();
        let start = Instant::now();
        acquire(&locks, Duration::ZERO).await.expect_err("no majority answers");
        assert!(start.elapsed() < REQUEST_LIMIT, "{:?} for one attempt", start.elapsed());
        // In two request limits there would be two attempts, or three.
        let wait = 2 * REQUEST_LIMIT;
        let start = Instant::now();
        let waiter = tokio::spawn(async move { acquire(&locks, wait).await });
        let mut attempts = BTreeSet::new();
        // Each attempt has the third master all the time while it waits for the others.
        until_async(PATIENCE, "the wait is over", || {
            let record = masters.server(2).must(&["ZRANGE", "LOCK:a", "0", "0"]);
            attempts.extend(record.items().first().and_then(|id| id.text()).map(str::to_owned));
            waiter.is_finished()
        })
        .await;
        let took = start.elapsed();
        let error = waiter.await.expect("no panic").expect_err("no majority answers");
        assert!(error.to_string().contains("1 of 3 granted it, 0 busy, 2 unavailable"), "{error}");
        assert!(took >= wait && took < wait + SLACK, "{took:?}");
        eprintln!("on {}: {} attempts in {took:?}", binary.label(), attempts.len());
        assert!(attempts.len() > 3, "{} attempts in {took:?}", attempts.len());
        masters.server(0).resume();
        masters.server(1).resume();
        masters.are_empty().await;
    });
}

/// Each answer is of a lease that is over by then. It is undone and counts for no later attempt; meanwhile others can have
/// the lock.
#[test]
fn answers_that_come_after_the_lease_are_no_votes() {
    const LEASE: Duration = Duration::from_millis(500);
    on_each(async |binary| {
        let masters = Masters::start(binary, 3);
        let proxies = masters.proxies();
        let (late, quick) = (through(&masters, &proxies).await, masters.manager().await);
        all_answer_later(&proxies, LEASE + LEASE / 5);
        let wait = 4 * LEASE;
        let request = late.lock("a").red().expire(LEASE).wait(wait);
        let waiter = tokio::spawn(request.acquire());
        let start = Instant::now();
        // An attempt of the other is on all masters; it is over when nobody answers to it in time.
        until_async(PATIENCE, "all three granted it to the other", || masters.who_have("a") == [0, 1, 2])
            .await;
        let guard = acquire(&quick, PATIENCE).await.expect("the other has no lease for ever");
        eprintln!("on {}: the quick one has it after {:?}", binary.label(), start.elapsed());
        let error = waiter.await.expect("no panic").expect_err("all answer too late");
        assert!(matches!(error, LockError::Unavailable { .. }), "{error}");
        assert!(!guard.is_lost());
        guard.release().await.expect("all answer");
        masters.are_empty().await;
    });
}

/// A majority has granted it in time; but the caller looks only when that is over, and somebody else has it.
#[test]
fn votes_that_nobody_took_in_before_they_were_over_do_not_count() {
    const LEASE: Duration = Duration::from_millis(300);
    on_each(async |binary| {
        let masters = Masters::start(binary, 3);
        let (sleeps, awake) = (masters.manager().await, masters.manager().await);
        let request = sleeps.lock("a").red().expire(LEASE).renew(false).wait(Duration::ZERO);
        let mut acquiring = pin!(request.acquire());
        poll_fn(|context| {
            assert!(acquiring.as_mut().poll(context).is_pending(), "it has only asked");
            Poll::Ready(())
        })
        .await;
        until_async(PATIENCE, "all three granted it", || masters.who_have("a") == [0, 1, 2]).await;
        let guard = acquire(&awake, PATIENCE).await.expect("the lease is over in the end");
        let error = acquiring.await.expect_err("it is too late");
        assert!(matches!(error, LockError::Busy { .. } | LockError::Unavailable { .. }), "{error}");
        assert!(!guard.is_lost());
        guard.release().await.expect("all answer");
        masters.are_empty().await;
    });
}
