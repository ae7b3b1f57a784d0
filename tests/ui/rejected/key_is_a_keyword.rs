use lock_core::{LockError, distributed_lock};

#[distributed_lock(prefix = "order", key = "type")]
async fn pay(r#type: u64) -> Result<u64, LockError> {
    Ok(r#type)
}

#[distributed_lock(prefix = "order", key = "{type}")]
async fn in_a_template(r#type: u64) -> Result<u64, LockError> {
    Ok(r#type)
}

fn main() {}
