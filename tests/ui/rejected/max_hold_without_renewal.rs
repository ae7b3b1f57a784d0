use lock_core::{LockError, distributed_lock};

#[distributed_lock(name = "pay", renew = false, max_hold = "10m")]
async fn pay() -> Result<(), LockError> {
    Ok(())
}

fn main() {}
