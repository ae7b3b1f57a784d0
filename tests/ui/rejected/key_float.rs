use lock_core::{LockError, distributed_lock};

#[distributed_lock(prefix = "order", key = amount)]
async fn pay(amount: f64) -> Result<f64, LockError> {
    Ok(amount)
}

fn main() {}
