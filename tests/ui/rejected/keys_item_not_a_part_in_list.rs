use lock_core::{LockError, distributed_lock};

#[distributed_lock(prefix = "order", keys = [first, second])]
async fn pay(first: u64, second: Item) -> Result<u64, LockError> {
    Ok(first + second.sku)
}

struct Item {
    sku: u64,
}

fn main() {}
