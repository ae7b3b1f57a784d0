use lock_core::{LockError, distributed_lock};

#[distributed_lock(prefix = "order", keys = load().await)]
async fn pay(ids: Vec<u64>) -> Result<usize, LockError> {
    Ok(ids.len())
}

async fn load() -> Vec<u64> {
    Vec::new()
}

fn main() {}
