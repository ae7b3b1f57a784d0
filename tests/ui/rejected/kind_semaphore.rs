use lock_core::{LockError, distributed_lock};

#[distributed_lock(name = "pay", kind = "semaphore")]
async fn pay() -> Result<(), LockError> {
    Ok(())
}

fn main() {}
