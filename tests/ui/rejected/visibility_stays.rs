use lock_core::{LockError, distributed_lock};

mod shop {
    use super::{LockError, distributed_lock};

    #[distributed_lock(name = "private")]
    async fn private() -> Result<(), LockError> {
        Ok(())
    }
}

fn main() {
    drop(shop::private());
}
