use lock_core::{LockError, distributed_lock};

#[distributed_lock(prefix = "order", key = "send mails")]
async fn pay(order_id: u64) -> Result<u64, LockError> {
    Ok(order_id)
}

#[distributed_lock(prefix = "order", key = "refund:mail")]
async fn refund(order_id: u64) -> Result<u64, LockError> {
    Ok(order_id)
}

fn main() {}
