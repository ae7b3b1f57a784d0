use std::future::Future;
use std::pin::Pin;

use lock_core::{LockError, distributed_lock};

type BoxFuture<'a> = Pin<Box<dyn Future<Output = Result<u64, LockError>> + Send + 'a>>;

#[distributed_lock(prefix = "order", key = id)]
fn pay(id: &u64) -> BoxFuture<'_> {
    Box::pin(async move { Ok(id.to_string()) })
}

fn main() {}
