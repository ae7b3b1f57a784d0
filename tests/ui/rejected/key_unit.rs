use lock_core::{LockError, distributed_lock};

#[distributed_lock(prefix = "order", key = nothing)]
async fn pay(nothing: ()) -> Result<(), LockError> {
    Ok(nothing)
}

fn main() {}
