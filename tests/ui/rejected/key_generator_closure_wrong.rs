use lock_core::{LockError, LockKey, distributed_lock};

#[distributed_lock(name = "pay", key_generator = |_| order_id)]
async fn no_key(order_id: u64) -> Result<u64, LockError> {
    Ok(order_id)
}

#[distributed_lock(name = "pay", key_generator = || Ok(LockKey::of(order_id)))]
async fn no_parameter(order_id: u64) -> Result<u64, LockError> {
    Ok(order_id)
}

fn main() {}
