use std::future::Future;
use std::io::{Cursor, Read, Write};
use std::pin::Pin;

use lock_core::{LockError, distributed_lock};

trait Stream {
    type Item;
}

type BoxStream<'a, T> = Pin<Box<dyn Stream<Item = T> + Send + 'a>>;

struct Never;

impl Stream for Never {
    type Item = u64;
}

#[distributed_lock(name = "pay")]
async fn stream() -> Result<impl Stream<Item = u64>, LockError> {
    Ok(Never)
}

#[distributed_lock(name = "pay", wait = "0s", on_busy = "skip")]
fn boxed_stream() -> Option<Pin<Box<dyn Stream<Item = u64> + Send>>> {
    Some(Box::pin(Never))
}

#[distributed_lock(name = "pay")]
fn future_of_stream() -> impl Future<Output = Result<BoxStream<'static, u64>, LockError>> {
    async { Ok(Box::pin(Never) as BoxStream<'static, u64>) }
}

trait Watcher {
    type WatchStream;
}

impl Watcher for u64 {
    type WatchStream = Never;
}

trait Watch: Watcher {
    fn watch(&self) -> impl Future<Output = Result<(u64, Self::WatchStream), LockError>>;
}

impl Watch for u64 {
    #[distributed_lock(name = "pay")]
    async fn watch(&self) -> Result<(u64, Self::WatchStream), LockError> {
        Ok((*self, Never))
    }
}

#[distributed_lock(name = "pay")]
fn iterator(ids: Vec<u64>) -> Result<Box<dyn Iterator<Item = u64>>, LockError> {
    Ok(Box::new(ids.into_iter().map(|id| id + 1)))
}

#[distributed_lock(name = "pay")]
fn future() -> Result<impl Future<Output = u64>, LockError> {
    Ok(async { 1 })
}

#[distributed_lock(name = "pay")]
async fn future_in_future() -> Result<Pin<Box<dyn Future<Output = u64>>>, LockError> {
    Ok(Box::pin(async { 1 }))
}

#[distributed_lock(name = "pay")]
async fn both_ends() -> Result<(impl Read, impl Write), LockError> {
    Ok((Cursor::new([1]), Vec::new()))
}

fn main() {}
