use lock_core::{LockError, distributed_lock};

struct Shop;

impl Shop {
    #[distributed_lock(name = "pay", on_busy = Self::try_later)]
    async fn pay(&self, order_id: u64) -> Result<u64, LockError> {
        Ok(order_id)
    }

    async fn try_later(order_id: u64) -> Result<u64, LockError> {
        Ok(order_id)
    }
}

fn main() {}
