//! This crate.

use std::time::Duration;

use lock_core::{LockGuard, LockManager};

use crate::peer::Peer;

pub(crate) struct Ours(LockManager);

const WAIT: Duration = Duration::from_secs(60);

impl Peer for Ours {
    const NAME: &str = "lock-core";
    type Hold = LockGuard;

    async fn connect(url: &str) -> Self {
        Self(LockManager::connect(url).await.expect("it connects"))
    }

    async fn acquire(&self, name: &str, lease: Duration) -> LockGuard {
        loop {
            if let Ok(guard) = self.0.lock(name).expire(lease).wait(WAIT).acquire().await {
                return guard;
            }
        }
    }

    fn token(hold: &LockGuard) -> Option<u64> {
        Some(hold.token())
    }

    async fn run(&self, name: &str, lease: Duration, body: impl Future<Output = ()>) -> bool {
        self.0.lock(name).expire(lease).wait(WAIT).run(body).await.is_ok()
    }
}
