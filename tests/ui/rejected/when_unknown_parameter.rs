use lock_core::{LockError, distributed_lock};

#[distributed_lock(name = "pay", when = "amuont > 100")]
async fn pay(amount: u64) -> Result<u64, LockError> {
    Ok(amount)
}

#[distributed_lock(name = "pay", when = enabled)]
async fn bare(amount: u64) -> Result<u64, LockError> {
    Ok(amount)
}

#[distributed_lock(name = "pay", when = self.enabled)]
async fn of_self(amount: u64) -> Result<u64, LockError> {
    Ok(amount)
}

fn main() {}
