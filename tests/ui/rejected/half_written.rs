//! The function is there beside the error: its callers and its body have nothing to complain about.

use lock_core::{LockError, distributed_lock};

#[distributed_lock(name = "pay", on_busy = "skp", when = amuont > 1, max_hold = 3, key_generator = "g", guard = held)]
async fn pay(amount: u64) -> Result<u64, LockError> {
    Ok(held.map_or(0, |held| held.token()) + amount)
}

async fn caller() -> Result<u64, LockError> {
    pay(1).await
}

#[distributed_lock(name = "pay", on_busy =)]
async fn no_value() -> Result<(), LockError> {
    Ok(())
}

#[distributed_lock(name = "pay", key = amount, when = amount > 1, on_busy = instead)]
async fn unfinished(amount: u64) -> Result<u64, LockError> {
    let _doubled = amount * 2;
}

async fn instead(amount: u64) -> Result<u64, LockError> {
    Ok(amount)
}

fn main() {
    drop((caller(), no_value(), unfinished(1)));
}
