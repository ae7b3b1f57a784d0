use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use lock_core::LockError;
use lock_tests::{Stage, arrive};

use crate::kinds::{Kind, token_of};

/// A first attempt may take the request limit, whatever the wait is; the rest is for a busy machine.
const SLACK: Duration = Duration::from_millis(1_500);
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) async fn a_held_lock_is_busy_when_the_wait_is_over(stage: &Stage, kind: Kind) {
    let (here, there) = (stage.manager().await, stage.manager().await);
    let _held = kind.lock(&there, "a").acquire().await.expect("it is free");
    let wait = Duration::from_millis(300);
    let start = Instant::now();
    let error = kind.lock(&here, "a").wait(wait).acquire().await.expect_err("it is held");
    let took = start.elapsed();
    assert!(error.is_busy(), "{error}");
    assert_eq!(error.key(), stage.name("a"));
    assert!(error.to_string().starts_with(&format!("key [{}] tryLock fail", stage.name("a"))), "{error}");
    let LockError::Busy { votes, .. } = &error else { panic!("{error:?}") };
    assert_eq!(votes.is_some(), kind == Kind::Red, "{error}");
    assert!(took >= wait && took < wait + SLACK, "{took:?}");
}

pub(crate) async fn trying_once_tells_at_once(stage: &Stage, kind: Kind) {
    let (here, there) = (stage.manager().await, stage.manager().await);
    let held = kind.lock(&there, "a").try_acquire().await.expect("an answer").expect("it is free");
    let start = Instant::now();
    assert!(kind.lock(&here, "a").try_acquire().await.expect("an answer").is_none());
    assert!(start.elapsed() < SLACK);
    let error = kind.lock(&here, "a").wait(Duration::ZERO).acquire().await.expect_err("it is held");
    assert!(error.is_busy(), "{error}");
    held.release().await.expect("it is held");
    assert!(kind.lock(&here, "a").try_acquire().await.expect("an answer").is_some());
}

pub(crate) async fn busy_names_the_holder(stage: &Stage, kind: Kind) {
    let (here, there) = (stage.manager().await, stage.manager().await);
    let _held = kind.lock(&there, "a").acquire().await.expect("it is free");
    let error =
        kind.lock(&here, "a").wait(Duration::from_millis(50)).acquire().await.expect_err("it is held");
    let LockError::Busy { holder: Some(holder), .. } = &error else { panic!("no holder in {error:?}") };
    assert!(holder.record.contains(&std::process::id().to_string()), "{holder:?}");
    assert!(holder.lease_left <= lock_core::DEFAULT_EXPIRE, "{holder:?}");
}

pub(crate) async fn a_waiter_goes_on_when_the_lock_is_released(stage: &Stage, kind: Kind) {
    let (here, there) = (stage.manager().await, stage.manager().await);
    let held = kind.lock(&there, "a").expire(PATIENCE).acquire().await.expect("it is free");
    let first = token_of(&held, "a");
    let waiter = async move {
        let guard = kind.lock(&here, "a").wait(PATIENCE).acquire().await.expect("it is released");
        (Instant::now(), token_of(&guard, "a"))
    };
    let waiter = arrive(stage, "a", waiter).await;
    let released = Instant::now();
    held.release().await.expect("it is held");
    let (taken, second) = waiter.await.expect("no panic");
    assert!(taken >= released && taken - released < SLACK, "handed over after {:?}", taken - released);
    assert!(second > first);
}

pub(crate) async fn waiters_are_served_in_the_order_of_their_arrival(stage: &Stage, kind: Kind) {
    const WAITERS: usize = 6;
    let served = Arc::new(Mutex::new(Vec::new()));
    // Not renewed, so that only arrivals change the record.
    let holder = stage.manager().await;
    let held = kind.lock(&holder, "a").expire(PATIENCE).renew(false).acquire().await.expect("it is free");
    let mut waiters = Vec::new();
    for number in 0..WAITERS {
        // Each its own manager: waiters of one manager may pass the lock among them.
        let (locks, served) = (stage.manager().await, Arc::clone(&served));
        let waiter = async move {
            let guard = kind.lock(&locks, "a").wait(PATIENCE).acquire().await.expect("its turn comes");
            served.lock().expect("no panic").push(number);
            guard.release().await.expect("it is held");
        };
        waiters.push(arrive(stage, "a", waiter).await);
    }
    held.release().await.expect("it is held");
    for waiter in waiters {
        waiter.await.expect("no panic");
    }
    assert_eq!(*served.lock().expect("no panic"), (0..WAITERS).collect::<Vec<_>>());
}

pub(crate) async fn a_waiter_that_gave_up_is_passed_over(stage: &Stage, kind: Kind) {
    let (here, there, third) = (stage.manager().await, stage.manager().await, stage.manager().await);
    let held = kind.lock(&there, "a").expire(PATIENCE).renew(false).acquire().await.expect("it is free");
    let gives_up =
        async move { kind.lock(&here, "a").wait(Duration::from_millis(200)).acquire().await.map(drop) };
    let gives_up = arrive(stage, "a", gives_up).await;
    let stays = async move { kind.lock(&third, "a").wait(PATIENCE).acquire().await.map(drop) };
    let stays = arrive(stage, "a", stays).await;
    let error = gives_up.await.expect("no panic").expect_err("it is held");
    assert!(error.is_busy(), "{error}");
    held.release().await.expect("it is held");
    let released = Instant::now();
    stays.await.expect("no panic").expect("its turn comes");
    assert!(released.elapsed() < SLACK, "{:?}", released.elapsed());
}

pub(crate) async fn a_short_wait_takes_a_free_lock(stage: &Stage, kind: Kind) {
    let locks = stage.manager().await;
    for wait in [Duration::ZERO, Duration::from_nanos(1), Duration::MAX] {
        let guard = kind.lock(&locks, "a").wait(wait).acquire().await.expect("it is free");
        guard.release().await.expect("it is held");
    }
}

/// As many callers as never leave the lock unasked for, and one in another process.
pub(crate) async fn a_process_passes_its_lock_on_only_so_often(stage: &Stage) {
    const CALLERS: usize = 4;
    /// More than a process passes one grant on, and much less than its callers would go on for.
    const BOUND: usize = 60;
    const TURNS: usize = 4_000;
    let (here, there) = (stage.manager().await, stage.manager().await);
    let turns = Arc::new(AtomicUsize::new(0));
    let served = Arc::new(AtomicBool::new(false));
    let first = here.lock("a").acquire().await.expect("it is free");
    let waiter = async move { there.lock("a").wait(PATIENCE).acquire().await.expect("its turn comes") };
    let waiter = arrive(stage, "a", waiter).await;
    let callers: Vec<_> = (0..CALLERS)
        .map(|_| {
            let (here, turns, served) = (here.clone(), Arc::clone(&turns), Arc::clone(&served));
            tokio::spawn(async move {
                while !served.load(Ordering::SeqCst) && turns.load(Ordering::SeqCst) < TURNS {
                    let guard = here.lock("a").wait(PATIENCE).acquire().await.expect("its turn comes");
                    if !served.load(Ordering::SeqCst) {
                        turns.fetch_add(1, Ordering::SeqCst);
                    }
                    // Those who wait here have the next turn, so there is always one to pass it to.
                    tokio::task::yield_now().await;
                    drop(guard);
                }
            })
        })
        .collect();
    first.release().await.expect("it is held");
    let guard = waiter.await.expect("no panic");
    let before = turns.load(Ordering::SeqCst);
    served.store(true, Ordering::SeqCst);
    drop(guard);
    for caller in callers {
        caller.await.expect("no panic");
    }
    assert!(before <= BOUND, "{before} turns of one process while another waited");
}
