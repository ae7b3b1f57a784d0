use lock_core::{LockError, distributed_lock};

#[distributed_lock(name = "pay", hold_at_least = "31d")]
async fn pay() -> Result<(), LockError> {
    Ok(())
}

#[distributed_lock(name = "pay", hold_at_least = 5)]
async fn number() -> Result<(), LockError> {
    Ok(())
}

fn main() {}
