use lock_core::{LockError, distributed_lock};

#[distributed_lock(name = "pay", key_generator = "ByTenant")]
async fn pay() -> Result<(), LockError> {
    Ok(())
}

#[distributed_lock(name = "pay", key_generator = "{tenant}:{order_id}")]
async fn template(tenant: u64, order_id: u64) -> Result<u64, LockError> {
    Ok(tenant + order_id)
}

fn main() {}
