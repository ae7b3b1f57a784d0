use lock_core::{LockError, distributed_lock};

struct ByTenant;

#[distributed_lock(name = "pay", key_generator = ByTenant)]
async fn pay() -> Result<(), LockError> {
    Ok(())
}

#[distributed_lock(name = "pay", key_generator = order_id)]
async fn parameter(order_id: u64) -> Result<u64, LockError> {
    Ok(order_id)
}

fn main() {}
