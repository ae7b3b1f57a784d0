use lock_core::{LockError, distributed_lock};

#[distributed_lock(prefix = "mail", keys = users.iter().map(normalize))]
async fn bare(users: Vec<String>) -> Result<usize, LockError> {
    Ok(users.len())
}

#[distributed_lock(prefix = "mail", keys = "users.iter().map(normalize)")]
async fn in_quotes(users: Vec<String>) -> Result<usize, LockError> {
    Ok(users.len())
}

fn main() {}
