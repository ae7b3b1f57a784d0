use lock_core::{LockError, distributed_lock};

#[distributed_lock(name = "pay", on_busy = try_later)]
async fn pay(order_id: u64) -> Result<impl Iterator<Item = u64>, LockError> {
    Ok(0..order_id)
}

#[allow(dead_code)]
async fn try_later(order_id: u64) -> Result<impl Iterator<Item = u64>, LockError> {
    Ok(0..order_id)
}

fn main() {}
