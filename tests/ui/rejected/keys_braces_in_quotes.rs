use lock_core::{LockError, distributed_lock};

#[distributed_lock(prefix = "order", keys = "ids.iter().map(|id| { id % 10 })")]
async fn pay(ids: Vec<u64>) -> Result<usize, LockError> {
    Ok(ids.len())
}

fn main() {}
