use lock_core::{LockError, distributed_lock};

#[distributed_lock(prefix = SHOP)]
async fn pay() -> Result<(), LockError> {
    Ok(())
}

const SHOP: u64 = 1;

fn main() {}
