use lock_core::{LockError, distributed_lock};

trait Shop {
    #[distributed_lock(name = "pay")]
    fn pay(&self) -> Result<(), LockError>;
}

fn main() {}
