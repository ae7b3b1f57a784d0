use lock_core::{LockError, distributed_lock};

#[distributed_lock(name = "pay")]
const fn pay() -> Result<(), LockError> {
    Ok(())
}

fn main() {}
