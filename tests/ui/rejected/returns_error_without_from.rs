use lock_core::distributed_lock;

struct PayError;

#[distributed_lock(name = "pay")]
async fn pay(order_id: u64) -> Result<u64, PayError> {
    Ok(order_id)
}

fn main() {}
