#![deny(unused_must_use)]

use lock_core::{LockError, LockManager};

async fn discarded(locks: &LockManager) -> Result<(), LockError> {
    locks.lock("order");
    locks.lock("order").await?;
    locks.lock("order").acquire().await?;
    locks.lock("order").try_acquire().await;
    LockManager::builder().url("memory:");
    Ok(())
}

fn main() {}
