use lock_core::{LockError, distributed_lock};

#[distributed_lock(prefix = "account", keys = (from, to))]
async fn pay(from: u64, to: u64) -> Result<u64, LockError> {
    Ok(from + to)
}

fn main() {}
