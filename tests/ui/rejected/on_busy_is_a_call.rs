use lock_core::{LockError, distributed_lock};

#[distributed_lock(name = "pay", on_busy = shop::try_later(order_id))]
async fn pay(order_id: u64) -> Result<u64, LockError> {
    Ok(order_id)
}

#[distributed_lock(name = "pay", on_busy = |order_id| Ok(order_id))]
async fn closure(order_id: u64) -> Result<u64, LockError> {
    Ok(order_id)
}

struct Shop;

impl Shop {
    #[distributed_lock(name = "pay", on_busy = self.try_later())]
    async fn pay(&self) -> Result<(), LockError> {
        Ok(())
    }

    #[distributed_lock(name = "pay", on_busy = self.try_later)]
    async fn named(&self) -> Result<(), LockError> {
        Ok(())
    }
}

fn main() {}
