use std::future::Future;
use std::pin::Pin;

use lock_core::distributed_lock;

type BoxFuture<'a> = Pin<Box<dyn Future<Output = u64> + Send + 'a>>;

#[distributed_lock(prefix = "order", key = id)]
fn pay(id: &u64) -> BoxFuture<'_> {
    Box::pin(async move { *id })
}

mod generic {
    use super::{Future, Pin, distributed_lock};

    type LocalBoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

    #[distributed_lock(prefix = "order", key = id)]
    fn pay(id: u64) -> LocalBoxFuture<'static, u64> {
        Box::pin(async move { id })
    }
}

#[distributed_lock(prefix = "order", key = id)]
fn bounded(id: u64) -> impl Future<Output: Send> {
    async move { id }
}

fn main() {}
