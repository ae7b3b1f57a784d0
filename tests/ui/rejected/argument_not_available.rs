use lock_core::{LockError, distributed_lock};

#[distributed_lock(name = "pay", max_hold = "10m", key_generator = make(|a, b| a), when = "order_id > 1", on_busy = skip)]
async fn pay(order_id: u64) -> Result<u64, LockError> {
    Ok(order_id)
}

fn main() {}
