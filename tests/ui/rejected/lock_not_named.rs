use lock_core::{LockError, distributed_lock};

#[distributed_lock]
async fn pay(order_id: u64) -> Result<u64, LockError> {
    Ok(order_id)
}

#[distributed_lock(wait = "3s")]
async fn refund(order_id: u64) -> Result<u64, LockError> {
    Ok(order_id)
}

fn main() {}
