use lock_core::{LockError, distributed_lock};

#[distributed_lock(prefix = "order", key = "{id}")]
fn pay() -> Result<(), LockError> {
    Ok(())
}

fn main() {}
