//! Every form of `on_busy`, with every return type that it allows.

use std::future::Future;
use std::pin::Pin;

use lock_core::{LockError, LockManager, MemoryLocks, distributed_lock};

type Skipping<T> = Result<Option<T>, LockError>;

#[distributed_lock(name = "busy", wait = "0s", on_busy = "error")]
async fn error() -> Result<u64, LockError> {
    Ok(1)
}

#[distributed_lock(name = "busy", wait = "0s", on_busy = "skip")]
async fn unit_result() -> Result<(), LockError> {
    Ok(())
}

#[distributed_lock(name = "busy", wait = "0s", on_busy = "skip")]
async fn option_result() -> Skipping<u64> {
    Ok(Some(1))
}

#[distributed_lock(name = "busy", wait = "0s", on_busy = "skip")]
async fn unit() {}

#[distributed_lock(name = "busy", wait = "0s", on_busy = "skip")]
fn plain_unit(done: &mut bool) {
    *done = true;
}

#[distributed_lock(name = "busy", wait = "0s", on_busy = "skip")]
fn plain_option() -> Option<u64> {
    Some(1)
}

/// The `Option` says whether it was skipped, the `Result` in it is the body's alone: its error need not be a lock error's.
#[distributed_lock(name = "busy", wait = "0s", on_busy = "skip")]
fn option_of_result() -> Option<Result<u64, String>> {
    Some(Err("its own".to_owned()))
}

#[distributed_lock(name = "busy", wait = "0s", on_busy = "skip")]
async fn hidden() -> Option<impl AsRef<[u64]>> {
    Some([0, 1, 2])
}

#[distributed_lock(name = "busy", wait = "0s", on_busy = "skip")]
fn boxed() -> Pin<Box<dyn Future<Output = Option<u64>> + Send>> {
    Box::pin(async { Some(1) })
}

struct Path<T>(T);

struct Point {
    x: u64,
    y: u64,
}

/// The parameters that a fallback is called with, put together again.
#[distributed_lock(name = "busy", wait = "0s", on_busy = instead)]
async fn patterns(
    Path(id): Path<u64>,
    mut text: String,
    (a, (mut b, _)): (u64, (u64, u64)),
    Point { x, y: other }: Point,
    &copied: &u64,
    _: String,
    #[cfg(not(test))] absent: u64,
    #[cfg(test)] last: &str,
) -> Result<String, LockError> {
    b += 1;
    text.push('!');
    Ok(format!("{id} {text} {a} {b} {x} {other} {copied} {last}"))
}

async fn instead(
    id: Path<u64>,
    text: String,
    pair: (u64, (u64, u64)),
    point: Point,
    copied: &u64,
    unnamed: String,
    last: &str,
) -> Result<String, LockError> {
    let Point { x, y } = point;
    Ok(format!("instead {} {text} {pair:?} {x} {y} {copied} {unnamed} {last}", id.0))
}

#[distributed_lock(prefix = "busy", key = id, wait = "0s", on_busy = plain_instead::<T>)]
fn plain<T: ToString>(id: u64, value: T) -> Result<String, LockError> {
    Ok(format!("{id} {}", value.to_string()))
}

fn plain_instead<T: ToString>(id: u64, value: T) -> Result<String, LockError> {
    Ok(format!("instead {id} {}", value.to_string()))
}

#[distributed_lock(name = "busy", wait = "0s", on_busy = future_instead)]
fn future(text: &str) -> impl Future<Output = Result<String, LockError>> + Send + use<'_> {
    async move { Ok(text.to_owned()) }
}

fn future_instead(text: &str) -> impl Future<Output = Result<String, LockError>> + Send + use<'_> {
    let text = format!("instead {text}");
    async move { Ok(text) }
}

struct Shop {
    sold: u64,
    queued: u64,
}

trait Selling: Sized {
    async fn sell(&mut self, amount: u64) -> Result<u64, LockError>;
    async fn queue(&mut self, amount: u64) -> Result<u64, LockError>;
    fn close(self) -> Result<u64, LockError>;
}

impl Selling for Shop {
    #[distributed_lock(name = "busy", wait = "0s", on_busy = Self::queue)]
    async fn sell(&mut self, amount: u64) -> Result<u64, LockError> {
        self.sold += amount;
        Ok(self.sold)
    }

    async fn queue(&mut self, amount: u64) -> Result<u64, LockError> {
        self.queued += amount;
        Ok(self.queued + 100)
    }

    #[distributed_lock(name = "busy", wait = "0s", on_busy = <Self>::keep_open)]
    fn close(self) -> Result<u64, LockError> {
        Ok(self.sold)
    }
}

impl Shop {
    fn keep_open(self) -> Result<u64, LockError> {
        Ok(self.queued + 1_000)
    }

    /// A fallback that needs no `self` is named by the type.
    #[distributed_lock(name = "busy", wait = "0s", on_busy = Shop::none_left)]
    async fn left(&self, of: u64) -> Result<u64, LockError> {
        Ok(of - self.sold)
    }

    async fn none_left(of: u64) -> Result<u64, LockError> {
        Ok(of % 2)
    }
}

#[async_trait::async_trait]
trait Storing: Sync {
    async fn store(&self, id: u64, text: &str) -> Result<String, LockError>;
    async fn keep(&self, id: u64, text: &str) -> Result<String, LockError>;
}

#[async_trait::async_trait]
impl Storing for Shop {
    #[distributed_lock(prefix = "busy", key = id, wait = "0s", on_busy = Self::keep, when = self.sold < 10)]
    async fn store(&self, id: u64, text: &str) -> Result<String, LockError> {
        Ok(format!("{id} {text}"))
    }

    async fn keep(&self, id: u64, text: &str) -> Result<String, LockError> {
        Ok(format!("kept {id} {text}"))
    }
}

fn patterned(locks: &MemoryLocks) -> impl Future<Output = Result<String, LockError>> {
    let point = Point { x: 5, y: 6 };
    let all = patterns(Path(1), "t".to_owned(), (2, (3, 4)), point, &7, "u".to_owned(), "l");
    let locks = locks.clone();
    async move { locks.scope(all).await }
}

#[test]
fn a_free_lock_runs_every_body() {
    super::run(async {
        let locks = LockManager::memory().unwrap();
        locks
            .scope(async {
                assert_eq!(error().await.unwrap(), 1);
                unit_result().await.unwrap();
                assert_eq!(option_result().await.unwrap(), Some(1));
                unit().await;
                let mut done = false;
                plain_unit(&mut done);
                assert!(done);
                assert_eq!(plain_option(), Some(1));
                assert_eq!(option_of_result(), Some(Err("its own".to_owned())));
                assert_eq!(hidden().await.unwrap().as_ref().len(), 3);
                assert_eq!(boxed().await, Some(1));
                assert_eq!(plain(1, 'c').unwrap(), "1 c");
                assert_eq!(future("f").await.unwrap(), "f");
                let mut shop = Shop { sold: 0, queued: 0 };
                assert_eq!(shop.sell(2).await.unwrap(), 2);
                assert_eq!(shop.left(10).await.unwrap(), 8);
                assert_eq!(shop.store(1, "a").await.unwrap(), "1 a");
                assert_eq!(shop.close().unwrap(), 2);
            })
            .await;
        assert_eq!(patterned(&locks).await.unwrap(), "1 t! 2 4 5 6 7 l");
    });
}

#[test]
fn a_busy_lock_ends_as_the_attribute_says() {
    super::run(async {
        let locks = LockManager::memory().unwrap();
        let _others = (locks.hold("busy").unwrap(), locks.hold("busy:1").unwrap());
        locks
            .scope(async {
                assert!(error().await.unwrap_err().is_busy());
                unit_result().await.unwrap();
                assert_eq!(option_result().await.unwrap(), None);
                unit().await;
                let mut done = false;
                plain_unit(&mut done);
                assert!(!done);
                assert_eq!(plain_option(), None);
                assert_eq!(option_of_result(), None);
                assert!(hidden().await.is_none());
                assert_eq!(boxed().await, None);
                assert_eq!(plain(1, 'c').unwrap(), "instead 1 c");
                assert_eq!(future("f").await.unwrap(), "instead f");
                let mut shop = Shop { sold: 0, queued: 0 };
                assert_eq!(shop.sell(2).await.unwrap(), 102);
                assert_eq!(shop.left(10).await.unwrap(), 0);
                assert_eq!(shop.store(1, "a").await.unwrap(), "kept 1 a");
                assert_eq!(shop.close().unwrap(), 1_002);
            })
            .await;
        assert_eq!(patterned(&locks).await.unwrap(), "instead 1 t (2, (3, 4)) 5 6 7 u l");
    });
}
