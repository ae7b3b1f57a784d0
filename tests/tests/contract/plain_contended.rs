//! Plain calls that have to wait, inside a multi-thread runtime that has one worker.

use std::time::{Duration, Instant};

use lock_core::{LockError, LockManager, distributed_lock};
use lock_tests::{Stage, arrive};
use tokio::runtime::{Builder, Runtime};

const WAIT: Duration = Duration::from_millis(400);
const PATIENCE: Duration = Duration::from_secs(20);
/// How late the end of a wait may be on a busy machine.
const SLACK: Duration = Duration::from_secs(5);

#[distributed_lock(prefix = "order", key = id, wait = wait, locks = locks)]
fn pay(locks: &LockManager, id: u64, wait: Duration) -> Result<u64, LockError> {
    Ok(id)
}

fn one_worker() -> Runtime {
    Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime")
}

/// Runs `test` in a runtime with one worker, away from the runtime of the stage.
async fn in_a_runtime_of_its_own<T: Send + 'static>(test: impl AsyncFnOnce() -> T + Send + 'static) -> T {
    let run = move || {
        let runtime = one_worker();
        runtime.block_on(test())
    };
    tokio::task::spawn_blocking(run).await.expect("no panic")
}

/// Where in a runtime a plain function can be called.
#[derive(Clone, Copy, Debug)]
enum From {
    /// In the future that the runtime was started for.
    BlockOn,
    /// In a task, which occupies the only worker.
    Task,
    /// In a task that has given its worker's duties away.
    BlockInPlace,
    SpawnBlocking,
}

const EVERYWHERE: [From; 4] = [From::BlockOn, From::Task, From::BlockInPlace, From::SpawnBlocking];

impl From {
    async fn pays(self, locks: &LockManager, id: u64, wait: Duration) -> Result<u64, LockError> {
        let locks = locks.clone();
        match self {
            Self::BlockOn => pay(&locks, id, wait),
            Self::Task => tokio::spawn(async move { pay(&locks, id, wait) }).await.expect("no panic"),
            Self::BlockInPlace => {
                let call = async move { tokio::task::block_in_place(|| pay(&locks, id, wait)) };
                tokio::spawn(call).await.expect("no panic")
            }
            Self::SpawnBlocking => {
                tokio::task::spawn_blocking(move || pay(&locks, id, wait)).await.expect("no panic")
            }
        }
    }
}

fn is_busy_in_time(from: From, result: Result<u64, LockError>, waited: Duration) {
    let error = result.expect_err("somebody else has it");
    assert!(error.is_busy(), "{from:?}: {error:?}");
    assert!(WAIT <= waited && waited < WAIT + SLACK, "{from:?}: it waited {waited:?}");
}

pub(crate) async fn a_plain_call_gets_the_lock_of_a_holder_elsewhere_or_is_busy_in_time(stage: &Stage) {
    let (here, there) = (stage.manager().await, stage.manager().await);
    for from in EVERYWHERE {
        // Another order than below: this call's place may be given up a moment after it has ended.
        let held = there.lock(("order", 41)).acquire().await.expect("it is free");
        let locks = here.clone();
        let call = async move || {
            let start = Instant::now();
            (from.pays(&locks, 41, WAIT).await, start.elapsed())
        };
        let (result, waited) = in_a_runtime_of_its_own(call).await;
        is_busy_in_time(from, result, waited);
        held.release().await.expect("it is held");

        let held = there.lock(("order", 42)).acquire().await.expect("it is free");
        let locks = here.clone();
        // Released when the call stands in the queue.
        let call = in_a_runtime_of_its_own(async move || from.pays(&locks, 42, PATIENCE).await);
        let waiting = arrive(stage, "order:42", call).await;
        let released = Instant::now();
        held.release().await.expect("it is held");
        let result = waiting.await.expect("no panic");
        assert_eq!(result.expect("it was given back"), 42, "{from:?}");
        assert!(released.elapsed() < SLACK, "{from:?}: {:?}", released.elapsed());
    }
}

/// The holder is a task of the very runtime, and would give back only what it is asked for later.
pub(crate) async fn a_plain_call_does_not_deadlock_with_a_holder_of_its_runtime(stage: &Stage) {
    let locks = stage.manager().await;
    for from in EVERYWHERE {
        let locks = locks.clone();
        in_a_runtime_of_its_own(async move || {
            let (free, mut freed) = tokio::sync::mpsc::channel::<()>(1);
            let (holds, held) = tokio::sync::oneshot::channel();
            let own = locks.clone();
            let holder = tokio::spawn(async move {
                let body = async {
                    holds.send(()).expect("somebody listens");
                    freed.recv().await;
                };
                own.lock(("order", 42)).run(body).await
            });
            held.await.expect("it is held");
            let start = Instant::now();
            let result = from.pays(&locks, 42, WAIT).await;
            is_busy_in_time(from, result, start.elapsed());
            free.send(()).await.expect("it waits");
            holder.await.expect("no panic").expect("it was held all the while");
            assert_eq!(from.pays(&locks, 42, PATIENCE).await.expect("it is free again"), 42);
        })
        .await;
    }
}

/// The holder gives the lock back after a while, if its runtime lets it: whoever waits in a task keeps the only worker to
/// itself, and ends by its deadline all the same.
pub(crate) async fn a_plain_call_gets_the_lock_of_a_task_that_can_go_on(stage: &Stage) {
    let locks = stage.manager().await;
    for from in EVERYWHERE {
        let locks = locks.clone();
        in_a_runtime_of_its_own(async move || {
            let (holds, held) = tokio::sync::oneshot::channel();
            let own = locks.clone();
            let holder = tokio::spawn(async move {
                let body = async {
                    holds.send(()).expect("somebody listens");
                    tokio::time::sleep(WAIT / 4).await;
                };
                own.lock(("order", 42)).run(body).await
            });
            held.await.expect("it is held");
            let start = Instant::now();
            let result = from.pays(&locks, 42, 3 * WAIT).await;
            let waited = start.elapsed();
            match (from, result) {
                (From::Task, Err(error)) => {
                    assert!(error.is_busy(), "{error:?}");
                    assert!(3 * WAIT <= waited && waited < 3 * WAIT + SLACK, "it waited {waited:?}");
                }
                (_, result) => assert_eq!(result.expect("the holder can go on"), 42, "{from:?}"),
            }
            holder.await.expect("no panic").expect("it was held all the while");
        })
        .await;
    }
}
