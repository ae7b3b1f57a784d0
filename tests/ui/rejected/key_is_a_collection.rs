use lock_core::{LockError, distributed_lock};

#[distributed_lock(prefix = "order", key = "skus")]
async fn pay(skus: Vec<u64>) -> Result<usize, LockError> {
    Ok(skus.len())
}

fn main() {}
