#![deny(let_underscore_drop, unused_results)]

use lock_core::{LockError, LockManager};

async fn bound_to_nothing(locks: &LockManager) -> Result<(), LockError> {
    let _ = locks.lock("order").await?;
    let _ = locks.lock("order").try_acquire().await?;
    locks.lock("order").try_acquire().await?;
    Ok(())
}

fn main() {}
