//! `rslock` 0.7.

use std::time::Duration;

use rslock::{Lock, LockManager};

use crate::peer::Peer;

pub(crate) struct RsLock(LockManager);

impl Peer for RsLock {
    const NAME: &str = "rslock 0.7";
    type Hold = Lock;

    async fn connect(url: &str) -> Self {
        Self(LockManager::new(vec![url]))
    }

    async fn acquire(&self, name: &str, lease: Duration) -> Lock {
        self.0.acquire_no_guard(name.as_bytes(), lease).await.expect("it tries until it has it")
    }

    fn token(_: &Lock) -> Option<u64> {
        None
    }

    async fn run(&self, name: &str, lease: Duration, body: impl Future<Output = ()>) -> bool {
        self.0.using(name.as_bytes(), lease, async || body.await).await.is_ok()
    }
}
