use lock_core::{LockError, distributed_lock};

#[distributed_lock(prefx = "order", key = "ordr_id", wait = 3, expire = "0s", renew = "yes", guard = held)]
pub async fn pay(order_id: u64, _: String) -> Result<u64, LockError> {
    Ok(order_id + held.token())
}

fn main() {
    // Callers of a function with mistakes do not fail too.
    drop(pay(1, String::new()));
}
