use lock_core::{LockError, distributed_lock};

#[distributed_lock(name = "pay")]
async fn pay(order_id: u64) -> Result<u64, LockError> {
    if order_id == 0 {
        return Ok("zero");
    }
    Ok(order_id.to_string())
}

fn main() {}
