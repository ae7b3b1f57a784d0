//! Every shape of function, over a backend: the body runs under the lock, and not at all when somebody else has it.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use lock_core::{LockError, LockKeyPart, LockManager, distributed_lock};
use lock_tests::Stage;

use crate::attribute::is_held;

type Inside<'a> = &'a (dyn Fn() + Send + Sync);
type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

#[derive(LockKeyPart, Clone, Copy)]
struct OrderId(u64);

const ID: OrderId = OrderId(42);

#[derive(Clone)]
struct Shop<T = ()> {
    locks: LockManager,
    sold: u64,
    _of: T,
}

impl<T> Shop<T> {
    #[distributed_lock(prefix = "order", key = "ID", wait = "0s", locks = self.locks)]
    async fn by_reference(&self, inside: Inside<'_>) -> Result<u64, LockError> {
        inside();
        Ok(self.sold)
    }

    #[distributed_lock(prefix = "order", key = "ID", wait = "0s", locks = self.locks)]
    async fn by_mutable_reference(&mut self, inside: Inside<'_>) -> Result<&mut u64, LockError> {
        inside();
        self.sold += 1;
        Ok(&mut self.sold)
    }

    #[distributed_lock(prefix = "order", key = "ID", wait = "0s", locks = self.locks)]
    fn borrowed(&mut self, inside: Inside<'_>) -> Result<&mut u64, LockError> {
        inside();
        self.sold += 1;
        Ok(&mut self.sold)
    }

    #[distributed_lock(prefix = "order", key = "ID", wait = "0s", locks = self.locks)]
    async fn by_value(self, inside: Inside<'_>) -> Result<Self, LockError> {
        inside();
        Ok(self)
    }

    #[distributed_lock(prefix = "order", key = "ID", wait = "0s", locks = self.locks)]
    async fn by_arc(self: Arc<Self>, inside: Inside<'_>) -> Result<u64, LockError> {
        inside();
        Ok(self.sold)
    }

    #[distributed_lock(prefix = "order", key = "ID", wait = "0s", locks = self.locks)]
    async fn by_pin(self: Pin<&mut Self>, inside: Inside<'_>) -> Result<u64, LockError> {
        inside();
        Ok(self.sold)
    }
}

trait Native {
    fn locks(&self) -> &LockManager;

    #[distributed_lock(prefix = "order", key = "ID", wait = "0s", locks = self.locks())]
    async fn provided(&self, inside: Inside<'_>) -> Result<u64, LockError> {
        inside();
        Ok(0)
    }

    async fn required(&self, inside: Inside<'_>) -> Result<u64, LockError>;

    fn boxed<'a>(&'a self, inside: Inside<'a>) -> BoxFuture<'a, Result<u64, LockError>>;
}

impl Native for Shop {
    fn locks(&self) -> &LockManager {
        &self.locks
    }

    #[distributed_lock(prefix = "order", key = "ID", wait = "0s", locks = self.locks)]
    async fn required(&self, inside: Inside<'_>) -> Result<u64, LockError> {
        tokio::task::yield_now().await;
        inside();
        Ok(0)
    }

    /// What async-trait makes of a method.
    #[distributed_lock(prefix = "order", key = "ID", wait = "0s", locks = self.locks)]
    fn boxed<'a>(&'a self, inside: Inside<'a>) -> BoxFuture<'a, Result<u64, LockError>> {
        Box::pin(async move {
            tokio::task::yield_now().await;
            inside();
            Ok(0)
        })
    }
}

#[distributed_lock(prefix = "order", key = "id", wait = "0s", locks = locks)]
async fn generic<'a, K, const N: usize>(
    locks: &LockManager,
    id: K,
    numbers: &'a [u64; N],
    inside: impl FnOnce() + Send,
) -> Result<impl AsRef<[u64]>, LockError>
where
    K: LockKeyPart + Send + Sync,
{
    inside();
    drop(id);
    Ok(numbers)
}

#[distributed_lock(prefix = "order", key = "id", wait = "0s", locks = locks)]
fn future(
    locks: &LockManager,
    id: OrderId,
    inside: Inside<'_>,
) -> impl Future<Output = Result<u64, LockError>> {
    async move {
        tokio::task::yield_now().await;
        inside();
        Ok(id.0)
    }
}

#[distributed_lock(prefix = "order", key = "id", wait = "0s", locks = locks)]
fn recursive<'a>(
    locks: &'a LockManager,
    id: OrderId,
    depth: u64,
    inside: Inside<'a>,
) -> BoxFuture<'a, Result<u64, LockError>> {
    Box::pin(async move {
        if depth == 0 {
            inside();
            return Ok(0);
        }
        Ok(recursive(locks, id, depth - 1, inside).await? + 1)
    })
}

#[distributed_lock(prefix = "order", key = (id, 7), wait = "0s", locks = locks)]
#[distributed_lock(prefix = "order", key = id, wait = "0s", locks = locks)]
async fn stacked(
    locks: &LockManager,
    (OrderId(id), _): (OrderId, String),
    _: Vec<u8>,
    inside: Inside<'_>,
) -> Result<u64, LockError> {
    inside();
    Ok(id)
}

macro_rules! made {
    ($name:ident($locks:ident, $id:ident, $inside:ident) $body:block) => {
        #[distributed_lock(prefix = "order", key = $id, wait = "0s", locks = $locks)]
        fn $name($locks: &LockManager, $id: u64, $inside: Inside<'_>) -> Result<u64, LockError> $body
    };
}

made!(by_macro(manager, number, probe) {
    probe();
    Ok(number)
});

type Call =
    for<'a> fn(&'a LockManager, Inside<'a>) -> Pin<Box<dyn Future<Output = Result<(), LockError>> + 'a>>;

fn shop(locks: &LockManager) -> Shop {
    Shop { locks: locks.clone(), sold: 0, _of: () }
}

macro_rules! calls {
    ($($name:ident($locks:ident, $inside:ident) $call:expr;)*) => {
        [$((stringify!($name), |$locks, $inside| Box::pin(async move { $call.map(drop) }))),*]
    };
}

const SHAPES: [(&str, Call); 14] = calls! {
    by_reference(locks, inside) shop(locks).by_reference(inside).await;
    by_mutable_reference(locks, inside) shop(locks).by_mutable_reference(inside).await;
    borrowed(locks, inside) shop(locks).borrowed(inside);
    by_value(locks, inside) shop(locks).by_value(inside).await;
    by_arc(locks, inside) Arc::new(shop(locks)).by_arc(inside).await;
    by_pin(locks, inside) Pin::new(&mut shop(locks)).by_pin(inside).await;
    provided(locks, inside) shop(locks).provided(inside).await;
    required(locks, inside) shop(locks).required(inside).await;
    boxed(locks, inside) shop(locks).boxed(inside).await;
    generic(locks, inside) generic(locks, ID, &[1, 2], inside).await;
    future(locks, inside) future(locks, ID, inside).await;
    recursive(locks, inside) recursive(locks, ID, 3, inside).await;
    stacked(locks, inside) stacked(locks, (ID, String::new()), vec![], inside).await;
    by_macro(locks, inside) by_macro(locks, ID.0, inside);
};

pub(crate) async fn every_shape_of_function_runs_its_body_under_the_lock(stage: &Stage) {
    let (here, there) = (stage.manager().await, stage.manager().await);
    for (shape, call) in SHAPES {
        let entered = AtomicU64::new(0);
        let inside = || {
            assert!(is_held(&there), "{shape} runs without its lock");
            entered.fetch_add(1, Ordering::Relaxed);
        };
        call(&here, &inside).await.unwrap_or_else(|error| panic!("{shape}: {error}"));
        assert_eq!(entered.load(Ordering::Relaxed), 1, "{shape}");
        assert!(!is_held(&there), "{shape} has not freed its lock");
    }
}

pub(crate) async fn no_shape_of_function_runs_its_body_without_the_lock(stage: &Stage) {
    let (here, there) = (stage.manager().await, stage.manager().await);
    let held = there.lock(("order", ID)).acquire().await.expect("it is free");
    for (shape, call) in SHAPES {
        let busy = call(&here, &|| panic!("{shape} ran without its lock")).await;
        assert!(busy.expect_err("somebody else holds it").is_busy(), "{shape}");
    }
    held.release().await.expect("it is held");
}
