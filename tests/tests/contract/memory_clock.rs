//! The memory manager's manual clock and levers, for tests of users.

use std::time::Duration;

use lock_core::{BodyOutcome, DEFAULT_EXPIRE, LockError, LockManager};

#[tokio::test]
async fn a_lease_ends_when_the_clock_is_advanced() {
    let locks = LockManager::memory().expect("a manager in memory");
    let guard =
        locks.lock("a").expire(Duration::from_secs(3600)).renew(false).acquire().await.expect("it is free");
    locks.advance(Duration::from_secs(3500));
    assert!(!guard.is_lost());
    assert!(locks.lock("a").try_acquire().await.expect("an answer").is_none());
    locks.advance(Duration::from_secs(100));
    assert!(guard.is_lost());
    assert!(locks.lock("a").try_acquire().await.expect("an answer").is_some());
}

#[tokio::test]
async fn a_lock_held_for_a_test_is_busy() {
    let locks = LockManager::memory().expect("a manager in memory");
    let somebody = locks.hold("a").expect("it is free");
    assert!(locks.lock("a").try_acquire().await.expect("an answer").is_none());
    assert!(locks.lock("b").try_acquire().await.expect("an answer").is_some());
    drop(somebody);
    assert!(locks.lock("a").try_acquire().await.expect("an answer").is_some());
}

#[tokio::test]
async fn a_lock_lost_for_a_test_cancels_its_body() {
    let locks = LockManager::memory().expect("a manager in memory");
    let levers = locks.clone();
    let body = async {
        assert!(levers.lose("a").expect("a good name"));
        levers.advance(DEFAULT_EXPIRE);
        std::future::pending::<()>().await;
    };
    let outcome = locks.lock("a").run(body).await;
    assert!(matches!(outcome, Err(LockError::Lost { body: BodyOutcome::Cancelled, .. })), "{outcome:?}");
}

#[tokio::test]
async fn a_wait_ends_when_the_clock_is_advanced() {
    let locks = LockManager::memory().expect("a manager in memory");
    let _somebody = locks.hold("a").expect("it is free");
    let mut waiter = Box::pin(locks.lock("a").wait(Duration::from_secs(60)).acquire());
    let early =
        std::future::poll_fn(|context| std::task::Poll::Ready(waiter.as_mut().poll(context).is_ready()))
            .await;
    assert!(!early);
    locks.advance(Duration::from_secs(61));
    assert!(waiter.await.expect_err("it is held").is_busy());
}
