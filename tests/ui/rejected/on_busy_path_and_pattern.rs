use lock_core::{LockError, distributed_lock};

struct Order {
    id: u64,
    amount: u64,
}

#[distributed_lock(name = "pay", on_busy = try_later)]
async fn pay(
    Order { id, .. }: Order,
    (first, ..): (u64, u64, u64),
    ref text: String,
    whole @ (left, _): (u64, u64),
    &(right, _): &(u64, u64),
) -> Result<u64, LockError> {
    let _ = (id, first, text, whole, left, right);
    Ok(0)
}

#[allow(dead_code)]
fn amount(order: &Order) -> u64 {
    order.amount
}

fn main() {}
