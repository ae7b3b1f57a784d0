//! What goes to other threads: a matrix that the compiler checks.

use std::fmt::Debug;
use std::time::Duration;

use lock_core::backend::memory::{ManualClock, MemoryBackend};
use lock_core::backend::redis::{RedisBackend, RedisConfig};
use lock_core::clock::{BootClock, Moment};
use lock_core::{
    BodyOutcome, Held, Holder, KeyError, LockError, LockGuard, LockKey, LockKind, LockManager, LockName,
    LockParams, LockRequest, LockSupport, ManagerBuilder, MemoryLocks, OnLost, ShutdownReport,
    distributed_lock,
};

const fn everywhere<T: Send + Sync + Unpin + Debug + 'static>() {}
const fn cloned<T: Clone>() {}
const fn an_error<T: std::error::Error>() {}

const _: () = {
    everywhere::<LockManager>();
    everywhere::<ManagerBuilder>();
    everywhere::<LockRequest>();
    everywhere::<LockGuard>();
    everywhere::<Held>();
    everywhere::<MemoryLocks>();
    everywhere::<LockName>();
    everywhere::<LockKey>();
    everywhere::<LockParams>();
    everywhere::<LockKind>();
    everywhere::<OnLost>();
    everywhere::<BodyOutcome>();
    everywhere::<LockError>();
    everywhere::<KeyError>();
    everywhere::<Holder>();
    everywhere::<ShutdownReport>();
    everywhere::<MemoryBackend>();
    everywhere::<ManualClock>();
    everywhere::<RedisBackend>();
    everywhere::<RedisConfig>();
    everywhere::<BootClock>();
    everywhere::<Moment>();
    cloned::<LockManager>();
    cloned::<Held>();
    cloned::<LockParams>();
    cloned::<LockError>();
    an_error::<LockError>();
    an_error::<KeyError>();
};

#[distributed_lock(name = "markers", locks = locks)]
async fn annotated(locks: LockManager) -> Result<(), LockError> {
    tokio::task::yield_now().await;
    Ok(())
}

/// Not run: that it compiles is the test.
#[allow(dead_code, reason = "it is there to be compiled")]
fn futures_are_send(locks: &'static LockManager, guard: &'static LockGuard, held: &'static Held) {
    fn spawned<F: Future<Output: Send> + Send + 'static>(_: F) {}
    let (params, second): (&'static LockParams, _) =
        (Box::leak(Box::new(LockParams::new(LockKey::of(1)))), Duration::from_secs(1));
    spawned(LockManager::connect("memory:"));
    spawned(LockManager::builder().connect());
    spawned(locks.lock("a").acquire());
    spawned(locks.lock("a").try_acquire());
    spawned(locks.lock("a").run(async {}));
    spawned(locks.shutdown(second));
    spawned(locks.scope(async {}));
    spawned(LockManager::bind_current(async {}));
    spawned(LockSupport::lock(locks, params));
    spawned(async move { locks.unlock(locks.lock("a").acquire().await?, params).await });
    spawned(guard.lost());
    spawned(guard.scope(async {}));
    spawned(async move { locks.lock("a").acquire().await?.release().await });
    spawned(held.lost());
    spawned(held.extend(second));
    spawned(annotated(locks.clone()));
}

/// A body that stays on its thread makes its future stay there, and is accepted.
#[tokio::test]
async fn a_body_that_is_not_send_runs() {
    let locks = LockManager::connect("memory:").await.expect("it connects");
    let local = std::rc::Rc::new(7);
    let body = async {
        tokio::task::yield_now().await;
        *local
    };
    assert_eq!(locks.lock("a").run(body).await.expect("it is free"), 7);
}
