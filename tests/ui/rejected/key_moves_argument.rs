use lock_core::{LockError, distributed_lock};

#[distributed_lock(prefix = "order", key = order.into_id())]
async fn pay(order: Order) -> Result<u64, LockError> {
    Ok(order.id)
}

struct Order {
    id: u64,
}

impl Order {
    fn into_id(self) -> u64 {
        self.id
    }
}

fn main() {}
