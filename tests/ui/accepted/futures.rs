//! Plain functions that return a future count as async.

use std::future::Future;
use std::pin::Pin;

use lock_core::{LockError, distributed_lock};

type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

#[distributed_lock(prefix = "f", key = "id", guard = held)]
fn future(id: u64) -> impl Future<Output = Result<String, LockError>> + Send {
    let doubled = id * 2;
    async move { Ok(format!("{} {doubled}", held.name())) }
}

#[distributed_lock(prefix = "f", key = "id", guard = held)]
fn pinned<'a>(
    id: &'a str,
    fail: bool,
) -> Pin<Box<dyn Future<Output = Result<String, LockError>> + Send + 'a>> {
    if fail {
        return Box::pin(async { Ok("early".to_owned()) });
    }
    Box::pin(async move { Ok(format!("{} {id}", held.name())) })
}

#[distributed_lock(prefix = "f", key = "id")]
fn boxed(id: u64) -> BoxFuture<'static, Result<u64, LockError>> {
    Box::pin(async move { Ok(id) })
}

/// An alias that says nothing of what comes out of it, one that says a part, and one that says it in two.
mod aliases {
    use super::{Future, LockError, Pin};

    pub(super) type BoxFuture<'a> = Pin<Box<dyn Future<Output = Result<u64, LockError>> + Send + 'a>>;

    pub(super) mod partly {
        use super::{Future, LockError, Pin};

        pub(in super::super) type BoxFuture<'a, T> =
            Pin<Box<dyn Future<Output = Result<T, LockError>> + Send + 'a>>;
    }

    pub(super) mod doubly {
        use super::{Future, Pin};

        pub(in super::super) type LocalBoxFuture<'a, T, E> = Pin<Box<dyn Future<Output = Result<T, E>> + 'a>>;
    }
}

#[distributed_lock(prefix = "f", key = id)]
fn boxed_by_itself(id: &u64) -> aliases::BoxFuture<'_> {
    Box::pin(async move { Ok(*id) })
}

#[distributed_lock(prefix = "f", key = id, on_busy = instead)]
fn boxed_in_part<'a, T: Clone + Send + Sync>(id: u64, value: &'a T) -> aliases::partly::BoxFuture<'a, T> {
    if id == 0 {
        return Box::pin(async { Err(LockError::busy("f")) });
    }
    Box::pin(async move { Ok(value.clone()) })
}

async fn instead<T: Clone>(_: u64, value: &T) -> Result<T, LockError> {
    Ok(value.clone())
}

#[distributed_lock(prefix = "f", key = id, on_busy = "skip")]
fn boxed_in_two(id: u64) -> aliases::doubly::LocalBoxFuture<'static, Option<u64>, LockError> {
    Box::pin(async move { Ok(Some(id)) })
}

#[distributed_lock(name = "f-bounded")]
fn bounded(id: u64) -> impl Future<Output: Send> + Send {
    async move { Ok::<_, LockError>(id) }
}

#[async_trait::async_trait]
trait Shop: Send + Sync {
    async fn sell(&self, id: u64, amount: &str) -> Result<String, LockError>;
    #[distributed_lock(name = "default-method")]
    async fn close(&self) -> Result<u64, LockError> {
        Ok(1)
    }
}

struct Corner {
    tenant: u64,
}

#[async_trait::async_trait]
impl Shop for Corner {
    #[distributed_lock(prefix = "shop", key = "{self.tenant}:{id}", guard = held)]
    async fn sell(&self, id: u64, amount: &str) -> Result<String, LockError> {
        tokio::task::yield_now().await;
        Ok(format!("{} {} {id} {amount}", held.name(), self.tenant))
    }
}

/// Recursion needs a box; the nested calls join the hold.
#[distributed_lock(name = "f-tree")]
fn depth(left: u64) -> BoxFuture<'static, Result<u64, LockError>> {
    Box::pin(async move { if left == 0 { Ok(0) } else { Ok(depth(left - 1).await? + 1) } })
}

#[distributed_lock(name = "f-plain")]
fn plain_depth(left: u64) -> Result<u64, LockError> {
    if left == 0 { Ok(0) } else { Ok(plain_depth(left - 1)? + 1) }
}

#[async_trait::async_trait(?Send)]
trait Local {
    async fn run<'a, T: Clone + 'a>(self: std::rc::Rc<Self>, value: &'a T) -> Result<&'a T, LockError>;
}

#[async_trait::async_trait(?Send)]
impl Local for Corner {
    #[distributed_lock(prefix = "local", key = self.tenant)]
    async fn run<'a, T: Clone + 'a>(self: std::rc::Rc<Self>, value: &'a T) -> Result<&'a T, LockError> {
        tokio::task::yield_now().await;
        Ok(value)
    }
}

trait Native {
    fn sell(&self, id: u64) -> impl Future<Output = Result<u64, LockError>> + Send;
    #[distributed_lock(name = "native-default")]
    #[allow(async_fn_in_trait)]
    async fn close(&self) -> Result<u64, LockError> {
        Ok(2)
    }
}

trait Sends {
    fn send(&self, id: u64) -> impl Future<Output = Result<u64, LockError>> + Send;
}

impl Sends for Corner {
    #[distributed_lock(prefix = "native", key = id)]
    fn send(&self, id: u64) -> impl Future<Output = Result<u64, LockError>> + Send {
        async move { Ok(self.tenant * id) }
    }
}

impl Native for Corner {
    #[distributed_lock(prefix = "native", key = "(self.tenant, id)")]
    async fn sell(&self, id: u64) -> Result<u64, LockError> {
        Ok(self.tenant + id)
    }
}

#[test]
fn the_lock_goes_around_the_future() {
    super::run(async {
        assert_eq!(future(3).await.unwrap(), "LOCK:f:3 6");
        assert_eq!(pinned("x", false).await.unwrap(), "LOCK:f:x x");
        assert_eq!(pinned("x", true).await.unwrap(), "early");
        assert_eq!(boxed(4).await.unwrap(), 4);
        assert_eq!(boxed_by_itself(&5).await.unwrap(), 5);
        assert_eq!(boxed_in_part(1, &6).await.unwrap(), 6);
        assert_eq!(boxed_in_two(7).await.unwrap(), Some(7));
        drop(bounded(8).await);
        let shop: Box<dyn Shop> = Box::new(Corner { tenant: 9 });
        let sold =
            tokio::spawn(async move { (shop.sell(5, "two").await, shop.close().await) }).await.unwrap();
        assert_eq!((sold.0.unwrap(), sold.1.unwrap()), ("LOCK:shop:9:5 9 5 two".to_owned(), 1));
        assert_eq!(depth(3).await.unwrap() + plain_depth(3).unwrap(), 6);
        assert_eq!(*std::rc::Rc::new(Corner { tenant: 1 }).run(&"x").await.unwrap(), "x");
        assert_eq!(Sends::send(&Corner { tenant: 3 }, 4).await.unwrap(), 12);
        assert_eq!(Native::sell(&Corner { tenant: 1 }, 2).await.unwrap(), 3);
        assert_eq!(Native::close(&Corner { tenant: 1 }).await.unwrap(), 2);
    });
}
