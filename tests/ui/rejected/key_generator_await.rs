use lock_core::{LockError, distributed_lock};

#[distributed_lock(name = "pay", key_generator = tenants.load().await)]
async fn pay(tenants: u64) -> Result<u64, LockError> {
    Ok(tenants)
}

#[distributed_lock(name = "pay", key_generator = generator(tenants)?)]
async fn question(tenants: u64) -> Result<u64, LockError> {
    Ok(tenants)
}

fn main() {}
