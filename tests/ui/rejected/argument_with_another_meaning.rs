use lock_core::{LockError, distributed_lock};

#[distributed_lock(name = "pay", namespace = "shop", retry = 3, try_lock = true, lock_uuid = "1")]
async fn pay() -> Result<(), LockError> {
    Ok(())
}

fn main() {}
