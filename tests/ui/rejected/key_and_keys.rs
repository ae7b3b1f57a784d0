use lock_core::{LockError, distributed_lock};

#[distributed_lock(prefix = "order", key = "shop", keys = "ids")]
async fn pay(shop: u64, ids: Vec<u64>) -> Result<(u64, usize), LockError> {
    Ok((shop, ids.len()))
}

fn main() {}
