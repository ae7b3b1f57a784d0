use lock_core::{LockError, distributed_lock};

#[distributed_lock(name = "pay", when = "amount >")]
async fn pay(amount: u64) -> Result<u64, LockError> {
    Ok(amount)
}

#[distributed_lock(name = "pay", when = "")]
async fn empty(amount: u64) -> Result<u64, LockError> {
    Ok(amount)
}

#[distributed_lock(name = "pay", when = flags.load().await)]
async fn waiting(flags: u64) -> Result<u64, LockError> {
    Ok(flags)
}

fn main() {}
