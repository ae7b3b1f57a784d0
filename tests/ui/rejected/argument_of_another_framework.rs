use lock_core::{LockError, distributed_lock};

#[distributed_lock(name = "pay", ttl = "30s", wait_time = "3s", lock_at_least_for = "5s", time_unit = "s")]
async fn pay(order_id: u64) -> Result<u64, LockError> {
    Ok(order_id)
}

fn main() {}
