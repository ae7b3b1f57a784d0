use lock_core::{LockError, distributed_lock};

#[distributed_lock(name = "pay", when = "amount")]
async fn pay(amount: u64) -> Result<u64, LockError> {
    Ok(amount)
}

#[distributed_lock(name = "pay", when = amount + 1)]
async fn bare(amount: u64) -> Result<u64, LockError> {
    Ok(amount)
}

#[distributed_lock(name = "pay", when = 100)]
async fn number(amount: u64) -> Result<u64, LockError> {
    Ok(amount)
}

fn main() {}
