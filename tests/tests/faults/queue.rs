//! A queue on a server, of whom some reach it through a network that can be broken.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use lock_core::{LockError, LockGuard, LockKind, LockManager};
use lock_tests::{Proxy, Stage, arrive, until_async};
use tokio::task::JoinHandle;

/// Of those who wait, and so of every grant that they have not claimed yet: it is below 3 s.
pub(crate) const LEASE: Duration = Duration::from_millis(1_500);
/// How often a waiter asks: three times in an unclaimed grant.
pub(crate) const REFRESH: Duration = Duration::from_millis(500);
/// How long a place is kept that nobody refreshes, while others are heard: 3 s and half an unclaimed grant.
pub(crate) const HEARTBEAT: Duration = Duration::from_millis(3_750);
/// Of the one who holds while the others arrive, without renewal.
const LONGEST_LEASE: Duration = Duration::from_secs(10);
/// For a busy machine; less than an unclaimed grant.
pub(crate) const SLACK: Duration = Duration::from_millis(1_200);
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// Who was served, in this order.
type Served = Arc<Mutex<Vec<&'static str>>>;
pub(crate) type Waiter = JoinHandle<Result<(), LockError>>;

/// A queue on one server; some of those in it reach the server through the proxy.
pub(crate) struct Queue<'a> {
    pub(crate) stage: &'a Stage,
    pub(crate) proxy: Proxy,
    pub(crate) near: [LockManager; 2],
    pub(crate) far: LockManager,
    served: Served,
}

impl<'a> Queue<'a> {
    pub(crate) async fn start(stage: &'a Stage) -> Self {
        let proxy = Proxy::start(stage.server().address(), 1);
        let far = LockManager::connect(&stage.server().url_through(proxy.address())).await;
        Self {
            stage,
            proxy,
            near: [stage.manager().await, stage.manager().await],
            far: far.expect("the proxy lets it through"),
            served: Served::default(),
        }
    }

    /// The lock, held as a writer would.
    pub(crate) async fn hold(&self) -> LockGuard {
        let request = self.near[0].lock("a").write().expire(LONGEST_LEASE).renew(false);
        request.acquire().await.expect("it is free")
    }

    /// Brings a waiter into the queue, who notes `who` when it is served.
    pub(crate) async fn waits(
        &self,
        locks: &LockManager,
        who: &'static str,
        kind: LockKind,
        wait: Duration,
    ) -> Waiter {
        let (request, served) =
            (locks.lock("a").kind(kind).expire(LEASE).wait(wait), Arc::clone(&self.served));
        let waiter = async move {
            let guard = request.acquire().await?;
            served.lock().expect("no panic").push(who);
            guard.release().await
        };
        arrive(self.stage, "a", waiter).await
    }

    /// When that one has been served.
    pub(crate) async fn serves(&self, who: &str, within: Duration) {
        until_async(within, who, || self.served.lock().expect("no panic").contains(&who)).await;
    }

    pub(crate) fn in_order(&self, expected: &[&str]) {
        assert_eq!(*self.served.lock().expect("no panic"), expected);
    }

    /// That no entry of anybody is left now that all have been served.
    pub(crate) async fn is_empty(&self) {
        until_async(HEARTBEAT + SLACK, "nobody is in the queue", || self.stage.left().is_empty()).await;
    }

    pub(crate) async fn all(waiters: Vec<Waiter>) {
        for waiter in waiters {
            waiter.await.expect("no panic").expect("its turn comes");
        }
    }
}
