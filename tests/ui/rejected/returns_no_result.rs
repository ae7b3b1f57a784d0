use lock_core::distributed_lock;

#[distributed_lock(name = "pay")]
async fn pay(order_id: u64) -> u64 {
    order_id
}

#[distributed_lock(name = "pay")]
fn plain(order_id: u64) -> Option<u64> {
    Some(order_id)
}

fn main() {}
