use lock_core::{LockError, distributed_lock};

#[distributed_lock(prefix = "order", key = "order-{(shop, id)}")]
async fn pay(shop: u64, id: u64) -> Result<u64, LockError> {
    Ok(shop + id)
}

fn main() {}
