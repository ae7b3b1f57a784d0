use lock_core::{LockError, distributed_lock};

#[distributed_lock(name = "pay")]
async fn pay(order_id: u64) -> Result<u64, LockError> {
    drop(order_id.to_string());
}

#[distributed_lock(name = "pay")]
fn plain(order_id: u64) -> Result<u64, LockError> {
    drop(order_id.to_string());
}

fn main() {}
