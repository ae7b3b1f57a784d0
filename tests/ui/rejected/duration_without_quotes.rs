use lock_core::{LockError, distributed_lock};

#[distributed_lock(name = "pay", wait = 3s, expire = 1m30s)]
async fn pay(order_id: u64) -> Result<u64, LockError> {
    Ok(order_id)
}

fn main() {}
