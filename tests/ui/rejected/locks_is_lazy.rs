use std::sync::LazyLock;

use lock_core::{LockError, LockManager, distributed_lock};

static LOCKS: LazyLock<LockManager> = LazyLock::new(|| unreachable!());

#[distributed_lock(name = "pay", locks = LOCKS)]
async fn pay() -> Result<(), LockError> {
    Ok(())
}

#[distributed_lock(name = "pay", locks = *LOCKS)]
async fn with_a_star() -> Result<(), LockError> {
    Ok(())
}

fn main() {}
