use lock_core::{LockError, distributed_lock};

#[distributed_lock(name = "pay", kind = "zebra")]
async fn pay(order_id: u64) -> Result<u64, LockError> {
    Ok(order_id)
}

fn main() {}
