use lock_core::{LockError, distributed_lock};

#[allow(non_upper_case_globals)]
static limit: u64 = 7;

#[distributed_lock(prefix = "order", key = limit)]
async fn pay(id: u64) -> Result<u64, LockError> {
    Ok(id + limit)
}

#[distributed_lock(name = "order", when = id > limit)]
async fn conditional(id: u64) -> Result<u64, LockError> {
    Ok(id + limit)
}

fn main() {}
