use lock_core::{LockError, distributed_lock};

#[distributed_lock(prefix = "order", keys = "items")]
async fn pay(items: Vec<Item>) -> Result<u64, LockError> {
    Ok(items[0].sku)
}

struct Item {
    sku: u64,
}

fn main() {}
