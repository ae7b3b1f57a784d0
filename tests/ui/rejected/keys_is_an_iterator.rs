use lock_core::{LockError, distributed_lock};

#[distributed_lock(prefix = "order", keys = "ids")]
async fn pay(ids: impl Iterator<Item = u64> + Send) -> Result<usize, LockError> {
    Ok(ids.count())
}

fn main() {}
