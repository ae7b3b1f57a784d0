use lock_core::{LockError, distributed_lock};

#[distributed_lock(name = "pay", on_busy = try_later)]
async fn pay(order_id: u64) -> Result<u64, LockError> {
    Ok(order_id)
}

async fn try_later(order_id: u64) -> Result<String, LockError> {
    Ok(order_id.to_string())
}

fn main() {}
