use lock_core::{LockError, distributed_lock};

#[distributed_lock(prefix = tenant, name = format!("x").as_str())]
async fn pay(tenant: &str) -> Result<(), LockError> {
    drop(tenant.to_owned());
    Ok(())
}

fn main() {}
