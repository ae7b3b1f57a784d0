use lock_core::{LockError, distributed_lock};

#[distributed_lock(name = "pay", on_busy = try_later)]
async fn pay(order_id: u64) -> Result<impl AsRef<[u64]>, LockError> {
    Ok([order_id])
}

#[allow(dead_code)]
async fn try_later(order_id: u64) -> Result<impl AsRef<[u64]>, LockError> {
    Ok([order_id])
}

fn main() {}
