//! Plain functions, which need no runtime and do no harm inside of one.

use std::time::{Duration, Instant};

use lock_core::{Held, LockError, LockManager, distributed_lock};
use lock_tests::Stage;
use tokio::runtime::{Builder, Runtime};

const WAIT: Duration = Duration::from_millis(300);
/// How late the end of a wait may be on a busy machine.
const SLACK: Duration = Duration::from_secs(5);

#[distributed_lock(prefix = "order", key = id, wait = WAIT, locks = locks)]
fn pay(locks: &LockManager, id: u64) -> Result<u64, LockError> {
    let held = Held::current().expect("inside of a hold");
    assert!(held.name().as_str().ends_with(":order:42"));
    Ok(id)
}

#[distributed_lock(prefix = "order", key = id, wait = WAIT, locks = locks, on_busy = "skip")]
fn pay_once(locks: &LockManager, id: u64) -> Option<u64> {
    Some(id)
}

#[distributed_lock(prefix = "order", key = id, wait = WAIT, locks = locks, on_busy = pay_later)]
fn pay_or_later(locks: &LockManager, id: u64) -> Result<&'static str, LockError> {
    assert_eq!(id, 42);
    Ok("paid")
}

fn pay_later(locks: &LockManager, id: u64) -> Result<&'static str, LockError> {
    assert!(pay_once(locks, id + 1).is_some(), "a fallback runs without the lock, and may take others");
    Ok("later")
}

fn call_all(locks: &LockManager) {
    assert_eq!(pay(locks, 42).expect("it is free"), 42);
    assert_eq!(pay_once(locks, 42), Some(42));
    assert_eq!(pay_or_later(locks, 42).expect("it is free"), "paid");
}

fn multi_thread() -> Runtime {
    Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime")
}

fn current_thread() -> Runtime {
    Builder::new_current_thread().enable_all().build().expect("a runtime")
}

/// Runs `test` on a thread of its own, outside of every runtime.
async fn on_a_thread(test: impl FnOnce() + Send + 'static) {
    let (done, ended) = tokio::sync::oneshot::channel::<()>();
    let thread = std::thread::spawn(move || {
        let _done = done;
        test();
    });
    // Its end drops the sender, however it ends.
    assert!(ended.await.is_err());
    thread.join().expect("no panic");
}

pub(crate) async fn plain_functions_work_outside_and_inside_of_every_runtime(stage: &Stage) {
    let locks = stage.manager().await;
    on_a_thread(move || {
        call_all(&locks);
        multi_thread().block_on(async {
            call_all(&locks);
            let own = locks.clone();
            tokio::spawn(async move { call_all(&own) }).await.expect("no panic in a worker");
            let own = locks.clone();
            tokio::spawn(async move { tokio::task::block_in_place(|| call_all(&own)) })
                .await
                .expect("no panic");
            let own = locks.clone();
            tokio::task::spawn_blocking(move || call_all(&own)).await.expect("no panic");
        });
        current_thread().block_on(async {
            call_all(&locks);
            let own = locks.clone();
            tokio::spawn(async move { call_all(&own) }).await.expect("no panic in a task");
            let inside = tokio::task::LocalSet::new();
            inside.run_until(async { call_all(&locks) }).await;
        });
    })
    .await;
}

pub(crate) async fn a_plain_wait_for_a_holder_on_the_same_thread_ends_busy_by_its_deadline(stage: &Stage) {
    let locks = stage.manager().await;
    on_a_thread(move || {
        current_thread().block_on(async {
            let (free, mut freed) = tokio::sync::mpsc::channel::<()>(1);
            let (holds, held) = tokio::sync::oneshot::channel();
            let holder = locks.clone();
            // It could go on only on this thread, which is about to wait for it.
            let holder = tokio::spawn(async move {
                let body = async {
                    holds.send(()).expect("somebody listens");
                    freed.recv().await;
                };
                holder.lock(("order", 42)).run(body).await
            });
            held.await.expect("it is held");

            let since = Instant::now();
            let error = pay(&locks, 42).expect_err("it is held on this thread");
            assert!(error.is_busy(), "{error}");
            let waited = since.elapsed();
            assert!(WAIT <= waited && waited < WAIT + SLACK, "it waited {waited:?}");
            assert_eq!(pay_once(&locks, 42), None);
            assert_eq!(pay_or_later(&locks, 42).expect("left to another function"), "later");

            free.send(()).await.expect("it waits");
            holder.await.expect("no panic").expect("it was held all the while");
            assert_eq!(pay(&locks, 42).expect("it is free again"), 42);
        });
    })
    .await;
}
