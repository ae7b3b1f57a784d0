use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use lock_core::LockError;
use lock_tests::{Stage, arrive};

/// A first attempt may take the request limit, whatever the wait is; the rest is for a busy machine.
const SLACK: Duration = Duration::from_millis(1_500);
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) async fn a_held_lock_is_busy_when_the_wait_is_over(stage: &Stage) {
    let (here, there) = (stage.manager().await, stage.manager().await);
    let _held = there.lock("a").acquire().await.expect("it is free");
    let wait = Duration::from_millis(300);
    let start = Instant::now();
    let error = here.lock("a").wait(wait).acquire().await.expect_err("it is held");
    let took = start.elapsed();
    assert!(error.is_busy(), "{error}");
    assert_eq!(error.key(), "LOCK:a");
    assert!(error.to_string().starts_with("key [LOCK:a] tryLock fail"), "{error}");
    assert!(took >= wait && took < wait + SLACK, "{took:?}");
}

pub(crate) async fn trying_once_tells_at_once(stage: &Stage) {
    let (here, there) = (stage.manager().await, stage.manager().await);
    let held = there.lock("a").try_acquire().await.expect("an answer").expect("it is free");
    let start = Instant::now();
    assert!(here.lock("a").try_acquire().await.expect("an answer").is_none());
    assert!(start.elapsed() < SLACK);
    let error = here.lock("a").wait(Duration::ZERO).acquire().await.expect_err("it is held");
    assert!(error.is_busy(), "{error}");
    held.release().await.expect("it is held");
    assert!(here.lock("a").try_acquire().await.expect("an answer").is_some());
}

pub(crate) async fn busy_names_the_holder(stage: &Stage) {
    let (here, there) = (stage.manager().await, stage.manager().await);
    let _held = there.lock("a").acquire().await.expect("it is free");
    let error = here.lock("a").wait(Duration::from_millis(50)).acquire().await.expect_err("it is held");
    let LockError::Busy { holder: Some(holder), .. } = &error else { panic!("no holder in {error:?}") };
    assert!(holder.record.contains(&std::process::id().to_string()), "{holder:?}");
    assert!(holder.lease_left <= lock_core::DEFAULT_EXPIRE, "{holder:?}");
}

pub(crate) async fn a_waiter_goes_on_when_the_lock_is_released(stage: &Stage) {
    let (here, there) = (stage.manager().await, stage.manager().await);
    let held = there.lock("a").expire(PATIENCE).acquire().await.expect("it is free");
    let first = held.token();
    let waiter = async move {
        let guard = here.lock("a").wait(PATIENCE).acquire().await.expect("it is released");
        (Instant::now(), guard.token())
    };
    let waiter = arrive(stage, "LOCK:a", waiter).await;
    let released = Instant::now();
    held.release().await.expect("it is held");
    let (taken, second) = waiter.await.expect("no panic");
    assert!(taken >= released && taken - released < SLACK, "handed over after {:?}", taken - released);
    assert!(second > first);
}

pub(crate) async fn waiters_are_served_in_the_order_of_their_arrival(stage: &Stage) {
    const WAITERS: usize = 6;
    let served = Arc::new(Mutex::new(Vec::new()));
    // Not renewed, so that only arrivals change the record.
    let holder = stage.manager().await;
    let held = holder.lock("a").expire(PATIENCE).renew(false).acquire().await.expect("it is free");
    let mut waiters = Vec::new();
    for number in 0..WAITERS {
        // Each its own manager: waiters of one manager may pass the lock among them.
        let (locks, served) = (stage.manager().await, Arc::clone(&served));
        let waiter = async move {
            let guard = locks.lock("a").wait(PATIENCE).acquire().await.expect("its turn comes");
            served.lock().expect("no panic").push(number);
            guard.release().await.expect("it is held");
        };
        waiters.push(arrive(stage, "LOCK:a", waiter).await);
    }
    held.release().await.expect("it is held");
    for waiter in waiters {
        waiter.await.expect("no panic");
    }
    assert_eq!(*served.lock().expect("no panic"), (0..WAITERS).collect::<Vec<_>>());
}

pub(crate) async fn a_waiter_that_gave_up_is_passed_over(stage: &Stage) {
    let (here, there, third) = (stage.manager().await, stage.manager().await, stage.manager().await);
    let held = there.lock("a").expire(PATIENCE).renew(false).acquire().await.expect("it is free");
    let gives_up = async move { here.lock("a").wait(Duration::from_millis(200)).acquire().await.map(drop) };
    let gives_up = arrive(stage, "LOCK:a", gives_up).await;
    let stays = async move { third.lock("a").wait(PATIENCE).acquire().await.map(drop) };
    let stays = arrive(stage, "LOCK:a", stays).await;
    let error = gives_up.await.expect("no panic").expect_err("it is held");
    assert!(error.is_busy(), "{error}");
    held.release().await.expect("it is held");
    let released = Instant::now();
    stays.await.expect("no panic").expect("its turn comes");
    assert!(released.elapsed() < SLACK, "{:?}", released.elapsed());
}

pub(crate) async fn a_short_wait_takes_a_free_lock(stage: &Stage) {
    let locks = stage.manager().await;
    for wait in [Duration::ZERO, Duration::from_nanos(1), Duration::MAX] {
        let guard = locks.lock("a").wait(wait).acquire().await.expect("it is free");
        guard.release().await.expect("it is held");
    }
}
