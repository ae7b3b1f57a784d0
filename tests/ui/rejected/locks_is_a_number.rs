use lock_core::{LockError, distributed_lock};

#[distributed_lock(name = "pay", locks = 3)]
async fn pay() -> Result<(), LockError> {
    Ok(())
}

fn main() {}
