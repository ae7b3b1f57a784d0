use lock_core::{LockError, distributed_lock};

#[distributed_lock(prefix = "order", key = "order.number")]
async fn of_no_such_name(order: Order) -> Result<u64, LockError> {
    Ok(order.id)
}

#[distributed_lock(prefix = "order", key = "{order.idd}:{order.shp()}")]
async fn in_a_template(order: Order) -> Result<u64, LockError> {
    Ok(order.id)
}

#[distributed_lock(prefix = "order", key = "order.idd")]
async fn beside_a_parameter_of_that_name(order: Order, id: u64) -> Result<u64, LockError> {
    Ok(order.id + id)
}

struct Order {
    id: u64,
    sku: u64,
}

impl Order {
    fn shop(&self) -> u64 {
        self.sku
    }
}

fn main() {}
