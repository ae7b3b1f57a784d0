use lock_core::{LockError, distributed_lock};

#[distributed_lock(prefix = "order", key = (order.id, order.shop, 1))]
async fn pay(order: Order) -> Result<u64, LockError> {
    Ok(order.id)
}

#[distributed_lock(prefix = "order", key = "shop-{order.shop}:{order.id}")]
async fn template(order: Order) -> Result<u64, LockError> {
    Ok(order.id)
}

struct Order {
    id: u64,
    shop: Shop,
}

struct Shop;

fn main() {}
