use lock_core::{LockError, LockGuard, LockManager, LockParams, LockSupport, distributed_lock};

struct Counted {
    locks: LockManager,
}

impl LockSupport for Counted {
    type Guard = LockGuard;

    async fn lock(&self, params: &LockParams) -> Result<LockGuard, LockError> {
        LockSupport::lock(&self.locks, params).await
    }

    async fn unlock(&self, guard: LockGuard, params: &LockParams) -> Result<(), LockError> {
        self.locks.unlock(guard, params).await
    }
}

#[distributed_lock(name = "pay", locks = counted)]
async fn pay(counted: &Counted) -> Result<(), LockError> {
    let _: &LockManager = &counted.locks;
    Ok(())
}

fn main() {}
