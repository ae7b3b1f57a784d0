//! Somebody who tries to get what others hold.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use lock_core::{LockError, LockManager};
use lock_tests::until_async;
use tokio::task::JoinHandle;

use crate::PATIENCE;

const PAUSE: Duration = Duration::from_millis(20);

/// A task that tries again and again, and must not succeed.
pub(super) struct Rival {
    refused: Arc<AtomicU64>,
    stop: Arc<AtomicBool>,
    task: JoinHandle<()>,
}

impl Rival {
    /// Tries to get each of `keys` alone.
    pub(super) fn start(locks: LockManager, keys: Vec<String>) -> Self {
        let (refused, stop) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
        let (count, over) = (Arc::clone(&refused), Arc::clone(&stop));
        let task = tokio::spawn(async move {
            while !over.load(Ordering::Relaxed) {
                for key in &keys {
                    match locks.lock(key.as_str()).write().try_acquire().await {
                        Ok(None) => _ = count.fetch_add(1, Ordering::Relaxed),
                        Ok(Some(guard)) => panic!("{key} is held, and was granted under {}", guard.token()),
                        // Nobody serves it at the moment.
                        Err(LockError::Unavailable { .. }) => {}
                        Err(error) => panic!("{key}: {error}"),
                    }
                }
                tokio::time::sleep(PAUSE).await;
            }
        });
        Self { refused, stop, task }
    }

    /// It has not succeeded so far.
    pub(super) fn has_nothing(&self) {
        assert!(!self.task.is_finished(), "it got what others hold, or an error");
    }

    /// Waits until it was told ten times more that somebody has the lock.
    pub(super) async fn is_refused(&self) {
        let before = self.refused.load(Ordering::Relaxed);
        until_async(PATIENCE, "a rival is refused", || {
            self.has_nothing();
            self.refused.load(Ordering::Relaxed) >= before + 10
        })
        .await;
    }

    /// Ends it.
    pub(super) async fn ends(self) {
        self.stop.store(true, Ordering::Relaxed);
        self.task.await.expect("it got nothing");
    }
}
