use lock_core::{LockError, distributed_lock};

#[distributed_lock(prefix = "pay\u{fff0}", name = "\u{1bca3}later")]
async fn pay(order_id: u64) -> Result<u64, LockError> {
    Ok(order_id)
}

#[distributed_lock(prefix = "pay", key = "note\u{1d173}{order_id}")]
async fn template(order_id: u64) -> Result<u64, LockError> {
    Ok(order_id)
}

fn main() {}
