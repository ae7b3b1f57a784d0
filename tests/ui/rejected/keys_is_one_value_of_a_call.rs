use lock_core::{LockError, distributed_lock};

#[distributed_lock(prefix = "order", keys = order_id.pow(2))]
async fn pay(order_id: u64) -> Result<u64, LockError> {
    Ok(order_id)
}

fn main() {}
