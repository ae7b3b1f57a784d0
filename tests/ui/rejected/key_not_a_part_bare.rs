use lock_core::{LockError, distributed_lock};

#[distributed_lock(prefix = "order", key = (1, order))]
async fn pay(order: Order) -> Result<u64, LockError> {
    Ok(order.id)
}

struct Order {
    id: u64,
}

fn main() {}
