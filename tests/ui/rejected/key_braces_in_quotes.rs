use lock_core::{LockError, distributed_lock};

#[distributed_lock(prefix = "order", key = "format!(\"{}-{}\", a, b)")]
async fn formatted(a: u64, b: u64) -> Result<u64, LockError> {
    Ok(a + b)
}

#[distributed_lock(prefix = "order", key = "text.find('{')")]
async fn found(text: String) -> Result<usize, LockError> {
    Ok(text.len())
}

fn main() {}
