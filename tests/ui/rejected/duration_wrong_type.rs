use lock_core::{LockError, distributed_lock};

#[distributed_lock(name = "pay", wait = order_id, expire = LEASE)]
async fn pay(order_id: u64) -> Result<u64, LockError> {
    Ok(order_id)
}

const LEASE: &str = "30s";

fn main() {}
