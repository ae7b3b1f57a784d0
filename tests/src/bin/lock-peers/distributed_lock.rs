//! `distributed-lock` 0.2, its Redis backend.

use std::time::Duration;

use distributed_lock_core::traits::{DistributedLock as _, LockHandle as _, LockProvider as _};
use distributed_lock_redis::{RedisLockHandle, RedisLockProvider};

use crate::peer::Peer;

pub(crate) struct DistributedLock(String);

impl DistributedLock {
    /// The lease belongs to the provider.
    async fn take(&self, name: &str, lease: Duration) -> RedisLockHandle {
        let builder = RedisLockProvider::builder().url(&self.0).expiry(lease).extension_cadence(lease / 3);
        let provider = builder.build().await.expect("it connects");
        let lock = provider.create_lock(name);
        loop {
            if let Ok(handle) = lock.acquire(Some(Duration::from_secs(60))).await {
                return handle;
            }
        }
    }
}

impl Peer for DistributedLock {
    const NAME: &str = "distributed-lock 0.2";
    type Hold = RedisLockHandle;

    async fn connect(url: &str) -> Self {
        Self(url.to_owned())
    }

    async fn acquire(&self, name: &str, lease: Duration) -> RedisLockHandle {
        self.take(name, lease).await
    }

    fn token(_: &RedisLockHandle) -> Option<u64> {
        None
    }

    async fn run(&self, name: &str, lease: Duration, body: impl Future<Output = ()>) -> bool {
        let handle = self.take(name, lease).await;
        let mut lost = handle.lost_token().clone();
        let finished = tokio::select! {
            () = body => true,
            _ = lost.changed() => false,
        };
        let _ = handle.release().await;
        finished
    }
}
