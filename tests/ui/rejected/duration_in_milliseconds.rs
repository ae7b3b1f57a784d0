use lock_core::{LockError, distributed_lock};

#[distributed_lock(name = "pay", wait = "5000", expire = 30_000, max_hold = 3600, hold_at_least = 1500)]
async fn pay(order_id: u64) -> Result<u64, LockError> {
    Ok(order_id)
}

#[distributed_lock(name = "beyond", wait = "30_000ms", expire = 5_000_000, max_hold = -5, hold_at_least = 1.5)]
async fn beyond(order_id: u64) -> Result<u64, LockError> {
    Ok(order_id)
}

#[distributed_lock(name = "behind", wait = "1m30", expire = 0, max_hold = "1h30")]
async fn behind(order_id: u64) -> Result<u64, LockError> {
    Ok(order_id)
}

fn main() {}
