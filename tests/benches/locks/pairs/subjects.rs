//! The locks of this crate, as pairs.

use lock_core::{LockError, LockManager, distributed_lock};

use super::Pair;

/// With a guard.
#[derive(Clone)]
pub(crate) struct ByHand(pub(crate) LockManager);

impl Pair for ByHand {
    async fn pair(&mut self, key: u64) {
        let guard = self.0.lock(("hand", key)).acquire().await.unwrap();
        guard.release().await.unwrap();
    }
}

/// Around an empty function.
#[derive(Clone)]
pub(crate) struct ByAttribute(pub(crate) LockManager);

impl Pair for ByAttribute {
    async fn pair(&mut self, key: u64) {
        locked(&self.0, key).await.unwrap();
    }
}

#[distributed_lock(prefix = "attribute", key = "key", locks = locks)]
async fn locked(locks: &LockManager, key: u64) -> Result<(), LockError> {
    Ok(())
}
