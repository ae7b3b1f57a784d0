use lock_core::{LockError, distributed_lock};

#[distributed_lock(name = "pay", on_busy = "try_later")]
async fn pay() -> Result<(), LockError> {
    Ok(())
}

#[distributed_lock(name = "pay", on_busy = "shop::try_later")]
async fn elsewhere() -> Result<(), LockError> {
    Ok(())
}

fn main() {}
