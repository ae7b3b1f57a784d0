use lock_core::{LockError, distributed_lock};

#[distributed_lock(name = "pay")]
unsafe fn pay(first: u64, rest: ...) -> Result<u64, LockError> {
    Ok(first)
}

fn main() {}
