use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use lock_core::{Held, LockError};
use lock_tests::Stage;

const SHORT: Duration = Duration::from_millis(200);

pub(crate) async fn a_nested_call_joins_the_hold(stage: &Stage) {
    let locks = stage.manager().await;
    let token = || Held::current().expect("inside a hold").token();
    let outer = async {
        let inner = async { locks.lock("a").wait(Duration::ZERO).run(async { token() }).await };
        let nested =
            locks.lock("a").wait(Duration::ZERO).run(inner).await.expect("it joins").expect("it joins");
        (token(), nested)
    };
    let (outer, nested) = locks.lock("a").run(outer).await.expect("it is free");
    assert_eq!(outer, nested, "one hold has one token");
}

pub(crate) async fn a_hold_ends_with_its_outermost_call(stage: &Stage) {
    let (here, there) = (stage.manager().await, stage.manager().await);
    let body = async {
        here.lock("a").run(async {}).await.expect("it joins");
        // The nested call is over; the hold is not.
        assert!(there.lock("a").try_acquire().await.expect("an answer").is_none());
    };
    here.lock("a").run(body).await.expect("it is free");
    assert!(there.lock("a").try_acquire().await.expect("an answer").is_some());
}

pub(crate) async fn siblings_inside_a_hold_exclude_each_other(stage: &Stage) {
    let locks = stage.manager().await;
    let inside = AtomicUsize::new(0);
    let sibling = |name: &'static str| {
        let (locks, inside) = (locks.clone(), &inside);
        async move {
            let body = async {
                assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0, "two bodies of {name} at once");
                for _ in 0..10 {
                    tokio::task::yield_now().await;
                }
                inside.fetch_sub(1, Ordering::SeqCst);
            };
            locks.lock(name).run(body).await.expect("its turn comes");
        }
    };
    for name in ["outer", "other"] {
        let body = async { tokio::join!(sibling(name), sibling(name), sibling(name)) };
        locks.lock("outer").run(body).await.expect("it is free");
    }
}

pub(crate) async fn a_spawned_task_is_not_nested(stage: &Stage) {
    let locks = stage.manager().await;
    let other = locks.clone();
    let body = async {
        let spawned =
            tokio::spawn(async move { other.lock("a").try_acquire().await.map(|guard| guard.is_some()) });
        spawned.await.expect("no panic").expect("an answer")
    };
    assert!(!locks.lock("a").run(body).await.expect("it is free"));
}

pub(crate) async fn a_guard_can_be_made_a_scope(stage: &Stage) {
    let locks = stage.manager().await;
    let guard = locks.lock("a").acquire().await.expect("it is free");
    let nested = guard.scope(async { locks.lock("a").wait(SHORT).run(async {}).await }).await;
    nested.expect("it joins");
    assert!(!guard.is_lost(), "the guard outlives what ran inside it");
    guard.release().await.expect("it is held");
}

pub(crate) async fn a_guard_by_hand_is_no_scope(stage: &Stage) {
    let locks = stage.manager().await;
    let _guard = locks.lock("a").acquire().await.expect("it is free");
    let error = locks.lock("a").wait(SHORT).run(async {}).await.expect_err("it waits for its own task");
    let LockError::Busy { holder: Some(holder), .. } = &error else { panic!("{error:?}") };
    assert!(holder.in_this_process);
    assert!(error.to_string().contains("scope"), "{error}");
}

pub(crate) async fn the_hold_is_known_inside_only(stage: &Stage) {
    let locks = stage.manager().await;
    assert!(Held::current().is_none());
    let body = async { Held::current().map(|held| held.name().to_string()) };
    assert_eq!(locks.lock("a").run(body).await.expect("it is free").as_deref(), Some(&*stage.name("a")));
    assert!(Held::current().is_none());
}

pub(crate) async fn plain_calls_nest(stage: &Stage) {
    let builder = stage.builder();
    let plain = move || {
        let locks = builder.connect_blocking().expect("the stage can be connected to");
        let nested = || locks.lock("a").wait(SHORT).run_blocking(|| Held::current().map(|held| held.token()));
        let (outer, inner) = locks
            .lock("a")
            .run_blocking(|| (Held::current().map(|held| held.token()), nested()))
            .expect("it is free");
        assert!(outer.is_some());
        assert_eq!(inner.expect("it joins"), outer);
    };
    tokio::task::spawn_blocking(plain).await.expect("no panic");
}
