use lock_core::{LockError, distributed_lock};

#[distributed_lock(name = "pay", when = amount > 100, guard = held)]
async fn pay(amount: u64) -> Result<u64, LockError> {
    Ok(held.token() + amount)
}

fn main() {}
