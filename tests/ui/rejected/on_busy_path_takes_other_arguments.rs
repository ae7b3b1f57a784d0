use lock_core::{LockError, distributed_lock};

#[distributed_lock(name = "pay", on_busy = try_later)]
async fn pay(order_id: u64) -> Result<u64, LockError> {
    Ok(order_id)
}

async fn try_later() -> Result<u64, LockError> {
    Ok(0)
}

#[distributed_lock(name = "pay", on_busy = text)]
fn plain(order_id: u64) -> Result<u64, LockError> {
    Ok(order_id)
}

fn text(order_id: String) -> Result<u64, LockError> {
    drop(order_id);
    Ok(0)
}

fn main() {}
