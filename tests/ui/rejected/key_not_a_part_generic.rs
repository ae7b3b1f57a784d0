use lock_core::{LockError, distributed_lock};

#[distributed_lock(prefix = "order", key = "id")]
async fn pay<T: Send + Sync>(id: T) -> Result<(), LockError> {
    drop(id);
    Ok(())
}

fn main() {}
