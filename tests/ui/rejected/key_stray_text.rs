use lock_core::{LockError, distributed_lock};

#[distributed_lock(prefix = "order", key = "order_id foo")]
async fn pay(order_id: u64) -> Result<u64, LockError> {
    Ok(order_id)
}

#[distributed_lock(prefix = "order", key = "{order_id} foo")]
async fn in_a_template(order_id: u64) -> Result<u64, LockError> {
    Ok(order_id)
}

fn main() {}
