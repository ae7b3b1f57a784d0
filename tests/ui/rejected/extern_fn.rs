use lock_core::{LockError, distributed_lock};

#[distributed_lock(name = "pay")]
extern "C" fn pay() -> Result<(), LockError> {
    Ok(())
}

fn main() {}
