use lock_core::{LockError, distributed_lock};

#[distributed_lock(name = "pay", on_busy = skip)]
async fn pay() -> Result<(), LockError> {
    Ok(())
}

fn main() {}
