//! A process that connects, takes locks, and then forks: `lock-forker URL`, with the library of `fork/forking.rs` loaded before
//! it. The child tries all that can be done with what it has inherited; the parent must not notice. Ends with 0 if all is as it
//! should be, in every one of the processes.

use std::time::{Duration, Instant};

use lock_core::{LockError, LockManager, distributed_lock};
use rustix::process::{Pid, WaitOptions, waitpid};

/// What is answered at once takes less.
const AT_ONCE: Duration = Duration::from_millis(500);
const WAIT: Duration = Duration::from_secs(20);

/// `None` in the child, and what it is waited for by in the parent.
fn fork() -> Option<Pid> {
    let number = std::os::unix::process::parent_id();
    Pid::from_raw(i32::try_from(number).expect("the number of a process"))
}

/// Waits until the child has ended well.
fn ends_well(child: Pid) {
    let (_, status) = waitpid(Some(child), WaitOptions::empty()).expect("a child").expect("it is waited for");
    assert_eq!(status.exit_status(), Some(0), "the child failed");
}

/// The only thing that a forked process is told, at once and by name.
#[track_caller]
fn is_refused<T>(what: &str, try_it: impl FnOnce() -> Result<T, LockError>) {
    let since = Instant::now();
    let Err(error) = try_it() else { panic!("{what}: it worked") };
    assert!(matches!(error, LockError::Forked { .. }), "{what}: {error:?}");
    let text = error.to_string();
    assert!(
        text.contains("forked after connecting") && text.contains("connect in the child"),
        "{what}: {text}"
    );
    assert!(since.elapsed() < AT_ONCE, "{what} took {:?}", since.elapsed());
}

#[distributed_lock(name = "annotated", wait = "20s")]
fn annotated() -> Result<(), LockError> {
    Ok(())
}

/// A body that makes a daemon of its process, and calls on: `Err` in the child.
#[distributed_lock(name = "daemon", wait = "20s")]
fn forks_inside() -> Result<Option<Pid>, LockError> {
    let child = fork();
    if child.is_none() {
        is_refused("nested in a forked body", annotated);
    }
    Ok(child)
}

fn on_a_runtime<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime").block_on(future)
}

fn main() {
    let url = std::env::args().nth(1).expect("lock-forker URL");
    let locks = LockManager::connect_blocking(&url).expect("it connects");
    locks.clone().install();
    annotated().expect("it is free");
    let lease = Duration::from_secs(3);
    let take = |name: &str| locks.lock(name).expire(lease).acquire_blocking().expect("it is free");
    let (released, dropped, kept, around) = (take("released"), take("dropped"), take("kept"), take("around"));
    match fork() {
        None => {
            for guard in [&released, &dropped, &around] {
                assert!(guard.is_lost() && guard.remaining().is_zero(), "held by two processes");
            }
            is_refused("acquire_blocking", || locks.lock("a").wait(WAIT).acquire_blocking());
            is_refused("try_acquire_blocking", || locks.lock("a").try_acquire_blocking());
            is_refused("run_blocking", || locks.lock("a").run_blocking(|| ()));
            is_refused("acquire", || on_a_runtime(async { locks.lock("a").wait(WAIT).acquire().await }));
            is_refused("several", || locks.lock_all(["a", "b"]).acquire_blocking());
            is_refused("read", || locks.lock("a").read().acquire_blocking());
            is_refused("an annotated function", annotated);
            is_refused("nested", || {
                on_a_runtime(around.scope(async { locks.lock("around").wait(WAIT).acquire().await }))
            });
            is_refused("release_blocking", || released.release_blocking());
            let since = Instant::now();
            drop(dropped);
            on_a_runtime(around.lost());
            on_a_runtime(locks.shutdown(WAIT));
            assert!(since.elapsed() < AT_ONCE, "{:?}", since.elapsed());
            // What a daemon does: it forks once more, and its child connects.
            match fork() {
                None => {
                    is_refused("a child's child", || locks.lock("a").acquire_blocking());
                    let own = LockManager::connect_blocking(&url).expect("a new manager connects");
                    own.clone().install();
                    annotated().expect("by its own manager");
                    let guard = own.lock("a").acquire_blocking().expect("it is free");
                    if !url.starts_with("memory:") {
                        let held = own.lock("kept").try_acquire_blocking().expect("an answer");
                        assert!(held.is_none(), "the parent has it");
                    }
                    guard.release_blocking().expect("it is held");
                    on_a_runtime(own.shutdown(WAIT));
                }
                Some(child) => ends_well(child),
            }
            std::process::exit(0);
        }
        Some(child) => ends_well(child),
    }
    match forks_inside() {
        Ok(child) => ends_well(child.expect("only the parent had the lock")),
        Err(error) => {
            assert!(matches!(error, LockError::Lost { .. }), "{error:?}");
            std::process::exit(0);
        }
    }
    // Longer than the leases: they are renewed all the while.
    std::thread::sleep(lease + lease / 3);
    for guard in [released, dropped, kept, around] {
        assert!(!guard.is_lost(), "the child has taken {} away", guard.name());
        let since = Instant::now();
        guard.release_blocking().expect("it was held all along");
        assert!(since.elapsed() < AT_ONCE, "{:?}", since.elapsed());
    }
    on_a_runtime(locks.shutdown(WAIT));
}
