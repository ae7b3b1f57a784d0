//! Runtimes that lack what others have.

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;
use std::time::{Duration, Instant};

use lock_core::LockManager;
use lock_tests::{Stage, each_server};
use tokio::runtime::{Builder, Runtime};

const PATIENCE: Duration = Duration::from_secs(20);
const WAIT: Duration = Duration::from_millis(400);

fn everywhere(test: impl Fn(&LockManager, &LockManager) + Sync) {
    let play = |stage: &Stage| {
        let connect = || stage.manager_blocking();
        test(&connect(), &connect());
        stage.nothing_is_left();
    };
    play(&Stage::memory());
    each_server(|binary| play(&Stage::on(binary)));
}

/// Takes it, finds it busy for a while, waits for it and gets it.
async fn whole_life(here: &LockManager, there: &LockManager) {
    let held = here.lock("a").expire(PATIENCE).acquire().await.expect("it is free");
    let start = Instant::now();
    let busy = there.lock("a").wait(WAIT).acquire().await.expect_err("it is held");
    assert!(busy.is_busy(), "{busy}");
    assert!(start.elapsed() >= WAIT, "the wait ended after {:?}", start.elapsed());
    assert!(!held.is_lost());
    let mut waiter = pin!(there.lock("a").wait(PATIENCE).acquire());
    assert!(poll_once(waiter.as_mut()).await.is_none());
    held.release().await.expect("it is held");
    let next = waiter.await.expect("it was released");
    next.release().await.expect("it is held");
    let body = here.lock("a").expire(WAIT).renew(false).run(std::future::pending::<()>());
    assert!(body.await.is_err(), "its lease ends");
}

async fn poll_once<F: Future>(mut future: std::pin::Pin<&mut F>) -> Option<F::Output> {
    std::future::poll_fn(|context| match future.as_mut().poll(context) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending => Poll::Ready(None),
    })
    .await
}

fn bare() -> Runtime {
    Builder::new_current_thread().build().expect("a runtime")
}

#[test]
fn a_runtime_without_io_and_time_locks() {
    everywhere(|here, there| bare().block_on(whole_life(here, there)));
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// The least executor that there is.
fn on_this_thread<F: Future>(future: F) -> F::Output {
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let (mut future, mut context) = (pin!(future), Context::from_waker(&waker));
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(output) => return output,
            Poll::Pending => std::thread::park_timeout(PATIENCE),
        }
    }
}

#[test]
fn a_foreign_executor_locks() {
    everywhere(|here, there| on_this_thread(whole_life(here, there)));
}

/// Hours of tokio's time pass in no time at all.
#[test]
fn a_paused_clock_of_tokio_ends_no_wait_and_no_lease() {
    everywhere(|here, there| {
        let paused = Builder::new_current_thread().enable_all().start_paused(true).build();
        paused.expect("a runtime").block_on(async {
            let hours = async {
                for _ in 0..1_000 {
                    tokio::time::sleep(Duration::from_secs(3600)).await;
                }
            };
            let (began, tokios) = (Instant::now(), tokio::time::Instant::now());
            tokio::join!(whole_life(here, there), hours);
            assert!(tokios.elapsed() >= Duration::from_secs(3_600_000), "its clock is paused");
            assert!(began.elapsed() < PATIENCE, "{:?}", began.elapsed());
        });
    });
}

#[test]
fn a_thread_of_another_runtime_may_drop_and_release() {
    everywhere(|here, there| {
        let (first, second) = (bare(), bare());
        let (dropped, released) = first.block_on(async {
            let dropped = here.lock("a").expire(PATIENCE).acquire().await.expect("it is free");
            let released = here.lock("b").expire(PATIENCE).acquire().await.expect("it is free");
            (dropped, released)
        });
        drop(first);
        drop(dropped);
        second.block_on(async {
            released.release().await.expect("it is held");
            for name in ["a", "b"] {
                let next = there.lock(name).wait(PATIENCE / 2).acquire().await.expect("it was freed");
                next.release().await.expect("it is held");
            }
        });
    });
}

/// A body that never awaits, on the only thread of its runtime.
#[test]
fn a_blocked_runtime_keeps_its_locks() {
    const LEASE: Duration = Duration::from_millis(500);
    let play = |stage: &Stage| {
        let there = stage.manager_blocking();
        let alone = Builder::new_current_thread().enable_all().build().expect("a runtime");
        alone.block_on(async {
            let here = stage.manager().await;
            let body = async {
                let start = Instant::now();
                while start.elapsed() < 4 * LEASE {
                    let other = there.lock("a").try_acquire_blocking().expect("an answer");
                    assert!(other.is_none(), "not renewed: free after {:?}", start.elapsed());
                    std::thread::sleep(LEASE / 20);
                }
            };
            let outcome = here.lock("a").expire(LEASE).run(body).await;
            outcome.expect("a success inside the lease, however long the body blocked");
        });
        drop((alone, there));
        stage.nothing_is_left();
    };
    play(&Stage::memory());
    each_server(|binary| play(&Stage::on(binary)));
}
