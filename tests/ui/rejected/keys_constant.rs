use lock_core::{LockError, distributed_lock};

#[distributed_lock(prefix = "order", keys = 42)]
async fn pay(ids: Vec<u64>) -> Result<usize, LockError> {
    Ok(ids.len())
}

fn main() {}
