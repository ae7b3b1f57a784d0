use lock_core::{LockError, distributed_lock};

#[distributed_lock(prefix = "order", keys = "amounts")]
async fn pay(amounts: std::collections::HashMap<u64, u64>) -> Result<usize, LockError> {
    Ok(amounts.len())
}

fn main() {}
