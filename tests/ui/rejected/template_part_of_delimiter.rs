use lock_core::{LockError, distributed_lock};

#[distributed_lock(prefix = "order", key = "x:{shop}::{id}", delimiter = "::")]
async fn pay(shop: u64, id: u64) -> Result<u64, LockError> {
    Ok(shop + id)
}

fn main() {}
