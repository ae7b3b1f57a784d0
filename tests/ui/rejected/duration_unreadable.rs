use lock_core::{LockError, distributed_lock};

#[distributed_lock(name = "pay", wait = "", expire = "10 s")]
async fn pay() -> Result<(), LockError> {
    Ok(())
}

#[distributed_lock(name = "pay", wait = "100us", expire = "3 weeks")]
async fn too_fine() -> Result<(), LockError> {
    Ok(())
}

fn main() {}
