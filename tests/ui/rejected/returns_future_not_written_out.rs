use std::future::Future;

use lock_core::{LockError, distributed_lock};

trait Service {
    type Future;
    fn call(&self) -> Self::Future;
}

impl Service for u64 {
    type Future = std::future::Ready<Result<u64, LockError>>;

    #[distributed_lock(name = "pay")]
    fn call(&self) -> Self::Future {
        std::future::ready(Ok(*self))
    }
}

#[distributed_lock(name = "pay")]
fn boxed() -> Box<dyn Future<Output = Result<u64, LockError>>> {
    Box::new(async { Ok(1) })
}

fn main() {}
