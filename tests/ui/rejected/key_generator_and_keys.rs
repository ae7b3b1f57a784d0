use lock_core::{LockError, distributed_lock};

#[distributed_lock(name = "pay", keys = ids, key_generator = ByTenant)]
async fn pay(ids: Vec<u64>) -> Result<Vec<u64>, LockError> {
    Ok(ids)
}

fn main() {}
