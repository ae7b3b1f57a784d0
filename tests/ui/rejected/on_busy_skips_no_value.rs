use lock_core::{LockError, distributed_lock};

#[distributed_lock(name = "pay", on_busy = "skip")]
async fn pay(order_id: u64) -> Result<u64, LockError> {
    Ok(order_id)
}

#[distributed_lock(name = "pay", on_busy = "skip")]
fn plain(order_id: u64) -> u64 {
    order_id
}

fn main() {}
