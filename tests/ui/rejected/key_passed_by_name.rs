use lock_core::{LockError, distributed_lock};

fn user(name: &String) -> String {
    name.clone()
}

#[distributed_lock(prefix = "mail", keys = users.iter().map(user))]
async fn like_a_parameter(users: Vec<String>) -> Result<usize, LockError> {
    Ok(users.len())
}

#[distributed_lock(prefix = "mail", keys = users.iter().map(self::user))]
async fn with_its_path(users: Vec<String>) -> Result<usize, LockError> {
    Ok(users.len())
}

fn main() {}
