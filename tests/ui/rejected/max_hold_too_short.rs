use lock_core::{LockError, distributed_lock};

#[distributed_lock(name = "pay", expire = "30s", max_hold = "20s")]
async fn pay() -> Result<(), LockError> {
    Ok(())
}

#[distributed_lock(name = "pay", max_hold = "0s")]
async fn zero() -> Result<(), LockError> {
    Ok(())
}

fn main() {}
