use lock_core::{LockError, distributed_lock};

#[distributed_lock(name = "pay", wait = "18446744073709551615s")]
async fn pay(order_id: u64) -> Result<u64, LockError> {
    Ok(order_id)
}

fn main() {}
