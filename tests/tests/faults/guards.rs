//! Guards that end in unusual places. Their leases are long: only a release can have freed the lock in time.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use lock_core::{LockGuard, LockManager};
use lock_tests::{Stage, each_server};
use tokio::runtime::Runtime;

const LEASE: Duration = Duration::from_secs(60);
const SOON: Duration = Duration::from_secs(10);

async fn take(locks: &LockManager) -> LockGuard {
    locks.lock("a").expire(LEASE).wait(SOON).acquire().await.expect("it was freed")
}

fn everywhere(test: impl Fn(&LockManager) + Sync) {
    let play = |stage: &Stage| {
        let locks = stage.manager_blocking();
        let other = stage.manager_blocking();
        test(&locks);
        let guard = other.lock("a").expire(LEASE).wait(SOON).acquire_blocking().expect("it was freed");
        guard.release_blocking().expect("it is held");
        drop((locks, other));
        stage.nothing_is_left();
    };
    play(&Stage::memory());
    each_server(|binary| play(&Stage::on(binary)));
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime")
}

#[test]
fn a_guard_dropped_outside_a_runtime_frees_its_lock() {
    everywhere(|locks| {
        let guard = runtime().block_on(take(locks));
        drop(guard);
    });
}

#[test]
fn a_guard_of_a_plain_thread_frees_its_lock() {
    everywhere(|locks| {
        let guard = locks.lock("a").expire(LEASE).acquire_blocking().expect("it is free");
        drop(guard);
        let guard =
            locks.lock("a").expire(LEASE).try_acquire_blocking().expect("an answer").expect("it was freed");
        std::thread::scope(|scope| scope.spawn(move || drop(guard)).join().expect("no panic"));
    });
}

#[test]
fn a_panic_frees_the_lock() {
    everywhere(|locks| {
        let runtime = runtime();
        let panics = || {
            runtime.block_on(async {
                let _guard = take(locks).await;
                panic!("as a body may");
            });
        };
        assert!(catch_unwind(AssertUnwindSafe(panics)).is_err());
        let panics = || runtime.block_on(locks.lock("a").wait(SOON).run(async { panic!("as a body may") }));
        let panic = catch_unwind(AssertUnwindSafe(panics)).expect_err("it goes through as it is");
        assert_eq!(panic.downcast_ref::<&str>(), Some(&"as a body may"));
        let panics = || locks.lock("a").wait(SOON).run_blocking(|| panic!("as a body may"));
        assert!(catch_unwind(AssertUnwindSafe(panics)).is_err());
    });
}

#[test]
fn a_runtime_that_shuts_down_frees_the_locks_of_its_tasks() {
    everywhere(|locks| {
        let runtime = runtime();
        let (sender, receiver) = std::sync::mpsc::channel();
        let locks = locks.clone();
        runtime.spawn(async move {
            let _guard = take(&locks).await;
            sender.send(()).expect("somebody listens");
            std::future::pending::<()>().await;
        });
        receiver.recv().expect("it is taken");
        drop(runtime);
    });
}

#[test]
fn a_runtime_that_shuts_down_in_the_middle_of_acquiring_leaves_nothing() {
    everywhere(|locks| {
        for _ in 0..20 {
            let runtime = runtime();
            for _ in 0..4 {
                let locks = locks.clone();
                runtime.spawn(async move { drop(locks.lock("a").expire(LEASE).wait(SOON).acquire().await) });
            }
            runtime.shutdown_background();
        }
    });
}

#[test]
fn a_runtime_that_is_gone_takes_no_other_down() {
    everywhere(|locks| {
        for _ in 0..3 {
            // The first one made the connection; the next must not find it dead.
            runtime().block_on(async { take(locks).await.release().await.expect("it is held") });
        }
    });
}

#[test]
fn an_aborted_task_frees_its_lock() {
    everywhere(|locks| {
        let runtime = runtime();
        runtime.block_on(async {
            let (sender, receiver) = tokio::sync::oneshot::channel();
            let aborted = locks.clone();
            let task = tokio::spawn(async move {
                let _guard = take(&aborted).await;
                sender.send(()).expect("somebody listens");
                std::future::pending::<()>().await;
            });
            receiver.await.expect("it is taken");
            task.abort();
            assert!(task.await.expect_err("it was aborted").is_cancelled());
        });
    });
}

#[test]
fn a_guard_that_outlives_its_manager_holds_on_and_frees_its_lock() {
    everywhere(|locks| {
        drop(locks.lock("b").acquire_blocking().expect("it is free"));
        let runtime = runtime();
        runtime.block_on(async {
            let guard = {
                let short_lived = locks.clone();
                take(&short_lived).await
            };
            assert!(!guard.is_lost());
            guard.release().await.expect("it is held");
        });
    });
}
