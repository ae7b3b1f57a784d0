use lock_core::{LockError, distributed_lock};

#[distributed_lock(prefix = "order", key = b"x")]
async fn pay(order_id: u64) -> Result<u64, LockError> {
    Ok(order_id)
}

fn main() {}
