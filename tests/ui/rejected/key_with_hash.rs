use lock_core::{LockError, distributed_lock};

struct User {
    id: u64,
}

#[distributed_lock(prefix = "order", key = "#user.id")]
async fn pay(user: User) -> Result<u64, LockError> {
    Ok(user.id)
}

#[distributed_lock(prefix = "order", key = "user-{#user.id}", when = "#user.id > 7")]
async fn in_a_template(user: User) -> Result<u64, LockError> {
    Ok(user.id)
}

fn main() {}
