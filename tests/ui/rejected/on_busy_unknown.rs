use lock_core::{LockError, distributed_lock};

#[distributed_lock(name = "pay", on_busy = "skp")]
async fn misspelt() -> Result<(), LockError> {
    Ok(())
}

#[distributed_lock(name = "pay", on_busy = "ignore")]
async fn another_word() -> Result<(), LockError> {
    Ok(())
}

#[distributed_lock(name = "pay", on_busy = "wait")]
async fn waiting() -> Result<(), LockError> {
    Ok(())
}

#[distributed_lock(name = "pay", on_busy = "what else?")]
async fn nonsense() -> Result<(), LockError> {
    Ok(())
}

#[distributed_lock(name = "pay", on_busy = true)]
async fn not_a_word() -> Result<(), LockError> {
    Ok(())
}

fn main() {}
