//! Annotated functions that call each other.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use lock_core::{Held, LockError, LockManager, distributed_lock};
use lock_tests::Stage;

use crate::survival::scripts_run;

const PATIENCE: Duration = Duration::from_secs(20);

fn token() -> u64 {
    Held::current().expect("inside a hold").token()
}

type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Calls itself, as code that was not written with locks in mind does.
#[distributed_lock(prefix = "order", key = "id", wait = "0s", expire = PATIENCE, locks = locks)]
fn deep(locks: &LockManager, id: u64, depth: u64) -> BoxFuture<'_, Result<u64, LockError>> {
    Box::pin(async move {
        if depth == 0 {
            return inner_plain(locks, id);
        }
        let inner = deep(locks, id, depth - 1).await?;
        assert_eq!(inner, token(), "one hold has one token");
        Ok(inner)
    })
}

#[distributed_lock(prefix = "order", key = "id", wait = "0s", expire = PATIENCE, locks = locks)]
fn inner_plain(locks: &LockManager, id: u64) -> Result<u64, LockError> {
    Ok(token())
}

/// A plain function around a plain one.
#[distributed_lock(prefix = "order", key = "id", wait = "0s", expire = PATIENCE, locks = locks)]
fn outer_plain(locks: &LockManager, id: u64) -> Result<u64, LockError> {
    let inner = inner_plain(locks, id)?;
    assert_eq!(inner, token(), "one hold has one token");
    Ok(inner)
}

pub(crate) async fn annotated_calls_nest(stage: &Stage) {
    let (here, there) = (stage.manager().await, stage.manager().await);
    assert!(deep(&here, 42, 10).await.expect("each joins the one around it") > 0);
    assert!(outer_plain(&here, 42).expect("the inner joins the outer") > 0);
    assert!(
        here.lock("order:42").run(async { deep(&here, 42, 1).await }).await.is_ok_and(|inner| inner.is_ok())
    );
    // The hold of another manager is nobody's to join, even on the same name.
    let other = there.lock("order:42").run(async { deep(&here, 42, 1).await }).await.expect("it is free");
    assert!(other.expect_err("somebody else holds it").is_busy());
    drop(there.lock("order:42").wait(PATIENCE).acquire().await.expect("all of it was freed"));
}

pub(crate) async fn annotated_calls_that_nest_ask_no_server(stage: &Stage) {
    let locks = stage.manager().await;
    deep(&locks, 42, 0).await.expect("it is free");
    let before = scripts_run(stage.server());
    deep(&locks, 42, 50).await.expect("it is free");
    assert_eq!(scripts_run(stage.server()) - before, 2, "one to take it, one to free it");
    let before = scripts_run(stage.server());
    outer_plain(&locks, 42).expect("it is free");
    assert_eq!(scripts_run(stage.server()) - before, 2);
}

#[distributed_lock(prefix = "outer", key = "id", locks = locks)]
async fn both_at_once(locks: &LockManager, id: u64, counts: &[AtomicUsize; 2]) -> Result<(), LockError> {
    let sibling = || async {
        sell(locks, id, &counts[0]).await?;
        // Once more on the name of the call around them.
        again(locks, id, &counts[1]).await
    };
    let (one, two, three) = tokio::join!(sibling(), sibling(), sibling());
    one.and(two).and(three)
}

#[distributed_lock(prefix = "inner", key = "id", locks = locks)]
async fn sell(locks: &LockManager, id: u64, inside: &AtomicUsize) -> Result<(), LockError> {
    alone(inside).await;
    Ok(())
}

#[distributed_lock(prefix = "outer", key = "id", locks = locks)]
async fn again(locks: &LockManager, id: u64, inside: &AtomicUsize) -> Result<(), LockError> {
    alone(inside).await;
    Ok(())
}

async fn alone(inside: &AtomicUsize) {
    let name = Held::current().expect("inside a hold").name().to_string();
    assert_eq!(inside.fetch_add(1, Ordering::SeqCst) & 0xff, 0, "two bodies at once of {name}");
    for _ in 0..5 {
        tokio::task::yield_now().await;
    }
    // Counts those inside in the low byte, all that ever were above it.
    inside.fetch_add(0xff, Ordering::SeqCst);
}

pub(crate) async fn annotated_siblings_exclude_each_other(stage: &Stage) {
    let locks = stage.manager().await;
    for round in 1..=3 {
        let counts = [AtomicUsize::new(0), AtomicUsize::new(0)];
        let outcome = both_at_once(&locks, round, &counts).await;
        outcome.unwrap_or_else(|error| panic!("{error}"));
        assert!(counts.iter().all(|count| count.load(Ordering::SeqCst) == 3 * 0x100));
    }
}

#[distributed_lock(prefix = "order", key = "id", locks = locks)]
async fn spawns(locks: &LockManager, id: u64) -> Result<(bool, bool), LockError> {
    let for_task = locks.clone();
    let task = tokio::spawn(async move {
        assert!(Held::current().is_none());
        deep(&for_task, id, 0).await.is_err_and(|error| error.is_busy())
    });
    let for_thread = locks.clone();
    let thread = tokio::task::spawn_blocking(move || {
        assert!(Held::current().is_none());
        outer_plain(&for_thread, id).is_err_and(|error| error.is_busy())
    });
    Ok((task.await.expect("no panic"), thread.await.expect("no panic")))
}

pub(crate) async fn what_an_annotated_function_spawns_does_not_inherit_its_lock(stage: &Stage) {
    let locks = stage.manager().await;
    assert_eq!(spawns(&locks, 42).await.expect("it is free"), (true, true));
}

#[distributed_lock(prefix = "order", key = "id", locks = locks)]
async fn runs_local_tasks(locks: &LockManager, id: u64) -> Result<bool, LockError> {
    let set = tokio::task::LocalSet::new();
    let for_task = locks.clone();
    let task = set.spawn_local(async move {
        Held::current().is_none() && deep(&for_task, id, 0).await.is_err_and(|error| error.is_busy())
    });
    // Polled inside the body, on its thread, and still a task of its own.
    Ok(set.run_until(task).await.expect("no panic"))
}

#[distributed_lock(prefix = "order", key = "id", locks = locks)]
fn runs_a_runtime(locks: &LockManager, id: u64) -> Result<bool, LockError> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let for_task = locks.clone();
    let task = async move {
        Held::current().is_none() && deep(&for_task, id, 0).await.is_err_and(|error| error.is_busy())
    };
    Ok(runtime.block_on(async { tokio::spawn(task).await.expect("no panic") }))
}

pub(crate) async fn tasks_that_run_inside_a_body_are_not_nested_in_it(stage: &Stage) {
    let locks = stage.manager().await;
    let plain = locks.clone();
    let plain = tokio::task::spawn_blocking(move || runs_a_runtime(&plain, 42));
    assert!(plain.await.expect("no panic").expect("it is free"));
    // Not `Send`, so not on a runtime's worker.
    let local = tokio::task::spawn_blocking(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(runs_local_tasks(&locks, 42))
    });
    assert!(local.await.expect("no panic").expect("it is free"));
}

pub(crate) async fn holds_around_a_call_are_found_by_name(stage: &Stage) {
    let locks = Arc::new(stage.manager().await);
    let inner = async {
        let (inner, outer) =
            (Held::of(stage.name("b")).expect("around"), Held::of(stage.name("a")).expect("around"));
        let current = Held::current().expect("around");
        assert_eq!(current.name().as_str(), stage.name("b"), "the innermost");
        assert_eq!((inner.token(), inner.is_lost(), outer.is_lost()), (current.token(), false, false));
        outer.extend(PATIENCE).await.expect("an outer hold can be extended from inside");
        assert!(outer.remaining() > PATIENCE / 2);
        assert!(Held::of(stage.name("c")).is_none());
    };
    locks
        .lock("a")
        .run(async { locks.lock("b").run(inner).await })
        .await
        .expect("it is free")
        .expect("it is free");
    assert!(Held::of(stage.name("a")).is_none());
}
