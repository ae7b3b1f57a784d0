//! The end of the background thread, for whatever reason.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use lock_core::backend::memory::MemoryBackend;
use lock_core::backend::{Backend, Channel, Inbox, Request, Starting};
use lock_core::clock::Moment;
use lock_core::{BodyOutcome, LockError, LockManager};
use lock_tests::until_async;

const LEASE: Duration = Duration::from_secs(60);
const SOON: Duration = Duration::from_secs(5);

/// A backend with a fault in its code.
#[derive(Debug)]
struct Faulty {
    inner: MemoryBackend,
    panics: Arc<AtomicBool>,
}

impl Backend for Faulty {
    fn start<'a>(&'a self, channel: &'a Channel, inbox: Arc<dyn Inbox>) -> Starting<'a> {
        self.inner.start(channel, inbox)
    }

    fn submit(&self, requests: Vec<Request>) {
        // What is not answered makes the engine tick.
        if !self.panics.load(Ordering::SeqCst) {
            self.inner.submit(requests);
        }
    }

    fn tick(&self, now: Moment) {
        let thread = std::thread::current();
        let is_engine = thread.name() == Some("lock-engine");
        assert!(!(is_engine && self.panics.load(Ordering::SeqCst)), "a fault in the engine's thread");
        self.inner.tick(now);
    }

    fn stop(&self) {
        self.inner.stop();
    }
}

#[tokio::test]
async fn when_the_engine_dies_holds_are_lost_waits_fail_and_new_calls_are_refused() {
    let ended = tokio::time::timeout(4 * SOON, dies()).await;
    assert!(ended.is_ok(), "somebody waits for a dead engine");
}

async fn dies() {
    let backend = MemoryBackend::private();
    let (clock, panics) = (backend.clock(), Arc::new(AtomicBool::new(false)));
    let other = LockManager::builder().backend(Arc::new(backend.share()), Arc::clone(&clock));
    let other = other.connect().await.expect("it starts");
    let faulty = Faulty { inner: backend.share(), panics: Arc::clone(&panics) };
    let builder = LockManager::builder().backend(Arc::new(faulty), clock);
    let locks = builder.connect().await.expect("it starts");

    let guard = locks.lock("a").expire(LEASE).acquire().await.expect("it is free");
    let _theirs = other.lock("b").expire(LEASE).acquire().await.expect("it is free");
    let (body, waiter) = (locks.clone(), locks.clone());
    let body =
        tokio::spawn(async move { body.lock("c").expire(LEASE).run(std::future::pending::<()>()).await });
    let waiter = tokio::spawn(async move { waiter.lock("b").wait(LEASE).acquire().await.map(drop) });
    until_async(SOON, "the body runs", || {
        other.lock("c").try_acquire_blocking().expect("an answer").is_none()
    })
    .await;
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert!(!guard.is_lost() && !waiter.is_finished());

    panics.store(true, Ordering::SeqCst);
    let start = Instant::now();
    // A request that is not answered brings the tick, and the end.
    let error = locks.lock("d").wait(LEASE).acquire().await.expect_err("the engine dies");
    assert!(matches!(error, LockError::ShutDown { .. }), "{error:?}");
    guard.lost().await;
    let error = body.await.expect("no panic").expect_err("it is lost");
    let cancelled = matches!(error, LockError::Lost { body: BodyOutcome::Cancelled, .. });
    assert!(cancelled, "{error:?}");
    let error = waiter.await.expect("no panic").expect_err("its manager is dead");
    assert!(matches!(error, LockError::ShutDown { .. }), "{error:?}");
    let error = locks.lock("e").try_acquire().await.expect_err("its manager is dead");
    assert!(matches!(error, LockError::ShutDown { .. }), "{error:?}");
    assert!(start.elapsed() < SOON, "{:?}", start.elapsed());
    drop(guard);
    locks.shutdown(Duration::from_millis(10)).await;
    assert!(other.lock("d").try_acquire().await.expect("an answer").is_some(), "others go on");
}
