use std::sync::{Arc, Mutex};
use std::time::Duration;

use lock_core::LockManager;
use lock_tests::{Seed, Stage, arrive, drop_after};

use crate::kinds::{Kind, token_of};

/// Short, so that what is left would be seen, and long enough that nothing is lost on a busy machine.
const LEASE: Duration = Duration::from_secs(2);
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) async fn a_dropped_guard_frees_the_lock(stage: &Stage, kind: Kind) {
    let (here, there) = (stage.manager().await, stage.manager().await);
    let mut last = 0;
    for _ in 0..20 {
        let guard = kind.lock(&here, "a").expire(PATIENCE).acquire().await.expect("it is free");
        assert!(token_of(&guard, "a") > last);
        last = token_of(&guard, "a");
        drop(guard);
        // The same manager knows that the release is on its way, and does not find itself busy.
        let again = kind.lock(&here, "a").expire(PATIENCE).try_acquire().await.expect("an answer");
        drop(again.expect("it was freed before"));
    }
    let guard = kind.lock(&there, "a").wait(PATIENCE / 2).acquire().await;
    drop(guard.expect("it was freed, long before its lease ended"));
}

async fn take_and_release(kind: Kind, locks: LockManager) {
    let guard = kind.lock(&locks, "a").expire(LEASE).wait(PATIENCE).acquire().await.expect("it is free");
    guard.release().await.expect("it is held");
}

pub(crate) async fn an_acquire_dropped_at_any_poll_leaves_nothing(stage: &Stage, kind: Kind) {
    let (here, there) = (stage.manager().await, stage.manager().await);
    let mut polls = 0;
    // Until it needs no more polls to reach its end, a few times over.
    let mut ended = 0;
    while ended < 5 {
        if drop_after(polls, take_and_release(kind, here.clone())).await.is_some() {
            ended += 1;
        }
        polls += 1;
        take_and_release(kind, there.clone()).await;
        assert!(polls < 1_000, "it never ends");
    }
}

pub(crate) async fn an_acquire_dropped_at_any_time_leaves_nothing(stage: &Stage, kind: Kind) {
    let (here, there) = (stage.manager().await, stage.manager().await);
    let mut seed = Seed::from_environment();
    for _ in 0..200 {
        let time = Duration::from_micros(seed.below(600));
        let _ = tokio::time::timeout(time, take_and_release(kind, here.clone())).await;
    }
    take_and_release(kind, there).await;
    take_and_release(kind, here).await;
}

pub(crate) async fn a_waiter_dropped_at_any_poll_holds_nobody_up(stage: &Stage, kind: Kind) {
    let (here, there, third) = (stage.manager().await, stage.manager().await, stage.manager().await);
    for polls in 0..12 {
        let held =
            kind.lock(&there, "a").expire(PATIENCE).renew(false).acquire().await.expect("it was freed");
        let waiter = tokio::spawn(drop_after(polls, take_and_release(kind, here.clone())));
        let stays = tokio::spawn(take_and_release(kind, third.clone()));
        tokio::task::yield_now().await;
        held.release().await.expect("it is held");
        waiter.abort();
        // It would wait for a lease of the holder's length otherwise.
        tokio::time::timeout(PATIENCE / 2, stays).await.expect("nobody is in its way").expect("no panic");
    }
}

pub(crate) async fn a_cancelled_call_drops_its_body_before_it_frees_the_lock(stage: &Stage, kind: Kind) {
    let (here, there) = (stage.manager().await, stage.manager().await);
    let order = Arc::new(Mutex::new(Vec::new()));
    let (body_order, next_order) = (Arc::clone(&order), Arc::clone(&order));
    let (started, starts) = tokio::sync::oneshot::channel();
    let caller = tokio::spawn(async move {
        let argument = Slow(body_order);
        let body = async move {
            let _argument = argument;
            started.send(()).expect("somebody listens");
            std::future::pending::<()>().await;
        };
        kind.lock(&here, "a").expire(PATIENCE).renew(false).run(body).await
    });
    starts.await.expect("the body runs");
    let next = async move {
        let guard = kind.lock(&there, "a").wait(PATIENCE).acquire().await.expect("it is freed");
        next_order.lock().expect("no panic").push("next holds");
        drop(guard);
    };
    let next = arrive(stage, "a", next).await;
    caller.abort();
    next.await.expect("no panic");
    assert_eq!(*order.lock().expect("no panic"), ["argument dropped", "next holds"]);
}

/// An argument whose drop takes its time.
struct Slow(Arc<Mutex<Vec<&'static str>>>);

impl Drop for Slow {
    fn drop(&mut self) {
        std::thread::sleep(Duration::from_millis(50));
        self.0.lock().expect("no panic").push("argument dropped");
    }
}
