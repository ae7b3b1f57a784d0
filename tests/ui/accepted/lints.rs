//! What the attribute adds is silent under lints that are often denied, also of clippy.

#![deny(clippy::all, clippy::pedantic, clippy::nursery)]
#![allow(clippy::unused_async, clippy::missing_errors_doc)]

use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use lock_core::{LockError, LockKey, LockKeyPart, LockManager, distributed_lock};

/// Documented.
#[must_use]
#[distributed_lock(prefix = "l", key = "id")]
#[inline]
pub(super) async fn documented(id: u64) -> Result<(), LockError> {
    tokio::task::yield_now().await;
    assert_ne!(id, 0);
    Ok(())
}

#[distributed_lock(name = "l", guard = held)]
fn plain(
    #[allow(unused_mut)] mut values: Vec<u64>,
    #[cfg(not(test))] absent: u64,
) -> Result<usize, LockError> {
    let _ = held.token();
    Ok(values.len())
}

#[cfg_attr(test, distributed_lock(name = "l"))]
async fn conditional(#[cfg(test)] value: u64, #[cfg(not(test))] value: String) -> Result<u64, LockError> {
    Ok(value)
}

#[distributed_lock(prefix = "l", key = "{id}:{text}")]
fn future(id: u64, text: &str) -> impl Future<Output = Result<u64, LockError>> + Send + use<'_> {
    let length = text.len() as u64;
    async move {
        tokio::task::yield_now().await;
        Ok(id + length)
    }
}

struct Counter {
    count: u64,
}

impl Counter {
    #[distributed_lock(prefix = "l", key = self.count, wait = "1s", expire = "1s")]
    async fn add(&mut self, amount: u64) -> Result<&mut Self, LockError> {
        tokio::task::yield_now().await;
        self.count += amount;
        Ok(self)
    }
}

/// Documented.
#[derive(Clone, Debug, PartialEq, Eq, LockKeyPart)]
struct Id<'a, T> {
    shop: &'a str,
    number: Option<u64>,
    of: PhantomData<T>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, LockKeyPart)]
enum Season {
    Spring,
    #[lock_key(rename = "y")]
    Year(u16),
    Half {
        year: u16,
        second: bool,
    },
}

#[derive(LockKeyPart)]
struct Newtype(u64);

#[derive(LockKeyPart)]
enum Aging {
    Current,
    #[deprecated]
    Old,
    New {
        #[deprecated]
        id: u64,
    },
}

#[distributed_lock(prefix = "l", key = (id, season), expire = Duration::from_secs(1 + season_length), kind = "fair")]
async fn derived<T: Sync>(
    id: &Id<'_, T>,
    season: Season,
    season_length: u64,
) -> Result<Option<u64>, LockError> {
    tokio::task::yield_now().await;
    Ok(id.number)
}

#[distributed_lock(prefix = "l", keys = [from, to], guard = held, on_lost = "finish")]
async fn listed(from: String, to: String) -> Result<usize, LockError> {
    tokio::task::yield_now().await;
    drop((from, to));
    Ok(held.names().len())
}

#[distributed_lock(prefix = "l", keys = ids.iter().map(|id| ("row", *id)), kind = "read", renew = false)]
fn iterated(ids: &[u64]) -> Result<u64, LockError> {
    Ok(ids.iter().sum())
}

#[distributed_lock(prefix = "l", keys = ids, locks = locks)]
fn borrowed(ids: Vec<u64>, locks: &LockManager) -> Result<Vec<u64>, LockError> {
    Ok(ids)
}

#[distributed_lock(prefix = "l", key = "row-{id}/of/{N}", delimiter = "/", name = "x")]
async fn template<const N: usize>(id: u64, _: impl Send, (left, _): (u64, String)) -> Result<u64, LockError> {
    tokio::task::yield_now().await;
    Ok(id + left)
}

#[distributed_lock(name = "l-boxed")]
fn boxed<'a>(text: &'a str) -> Pin<Box<dyn Future<Output = Result<usize, LockError>> + Send + 'a>> {
    Box::pin(async move { Ok(text.len()) })
}

/// Documented.
#[async_trait::async_trait]
trait Shop {
    /// Documented.
    #[distributed_lock(name = "l-provided")]
    async fn close(&self) -> Result<u64, LockError> {
        Ok(1)
    }

    /// Documented.
    async fn sell(self: Arc<Self>, amount: u64) -> Result<u64, LockError>;
}

#[async_trait::async_trait]
impl Shop for Newtype {
    #[distributed_lock(prefix = "l", key = self)]
    async fn sell(self: Arc<Self>, amount: u64) -> Result<u64, LockError> {
        Ok(self.0 + amount)
    }
}

trait Native {
    fn native(&self) -> impl Future<Output = Result<u64, LockError>> + Send;
}

impl Native for Newtype {
    #[distributed_lock(prefix = "l", key = self.0, guard = held)]
    async fn native(&self) -> Result<u64, LockError> {
        held.check()?;
        tokio::task::yield_now().await;
        Ok(self.0)
    }
}

#[distributed_lock(prefix = "l-inner", key = id)]
#[distributed_lock(prefix = "l-outer", key = id)]
#[tracing::instrument]
async fn stacked(id: u64) -> Result<u64, LockError> {
    if id == 0 {
        return Ok(0);
    }
    tokio::task::yield_now().await;
    Ok(id)
}

macro_rules! made {
    ($name:ident, $argument:ident, $body:block) => {
        #[distributed_lock(prefix = "l", key = $argument)]
        fn $name($argument: u64) -> Result<u64, LockError> $body
    };
}

made!(made, id, { Ok(id) });
#[distributed_lock(
    prefix = "l",
    key = id,
    key_generator = |call| call.key_behind("l"),
    when = id > 0 && !text.is_empty(),
    on_busy = instead,
    max_hold = "1m",
    hold_at_least = "0s",
    guard = held
)]
async fn every_argument(id: u64, mut text: String, (left, _): (u64, u64)) -> Result<String, LockError> {
    tokio::task::yield_now().await;
    text.push_str(held.map_or("-", |_| "+"));
    Ok(format!("{text}{left}"))
}

async fn instead(id: u64, text: String, pair: (u64, u64)) -> Result<String, LockError> {
    tokio::task::yield_now().await;
    Ok(format!("{id}{text}{}", pair.0))
}

#[distributed_lock(name = "l", when = "*id > 0", wait = "0s", on_busy = plain_instead)]
fn plain_with_every_argument(id: &mut u64) -> Result<&mut u64, LockError> {
    *id += 1;
    Ok(id)
}

#[allow(clippy::missing_const_for_fn, clippy::unnecessary_wraps)] // a fallback is what it has to be
fn plain_instead(id: &mut u64) -> Result<&mut u64, LockError> {
    Ok(id)
}

#[distributed_lock(name = "l", on_busy = "skip")]
async fn skipped(id: u64) {
    tokio::task::yield_now().await;
    assert_ne!(id, 0);
}

#[distributed_lock(prefix = "l", key = id, on_busy = underscored_instead)]
async fn underscored(id: u64, _tag: String) -> Result<u64, LockError> {
    tokio::task::yield_now().await;
    Ok(id)
}

async fn underscored_instead(id: u64, tag: String) -> Result<u64, LockError> {
    tokio::task::yield_now().await;
    Ok(id + tag.len() as u64)
}

#[distributed_lock(prefix = "l", key = id)]
fn plain_underscored(id: u64, _tag: String) -> Result<u64, LockError> {
    Ok(id)
}

#[distributed_lock(name = "l")]
fn future_underscored(_tag: String) -> impl Future<Output = Result<u64, LockError>> + Send {
    std::future::ready(Ok(1))
}

struct Closing(#[allow(dead_code)] u64);

impl Drop for Closing {
    fn drop(&mut self) {}
}

#[distributed_lock(name = "l", on_busy = nameless_instead)]
async fn nameless(_: u64, Closing(_): Closing, (..): (u64, u64, u64)) -> Result<u64, LockError> {
    tokio::task::yield_now().await;
    Ok(3)
}

async fn nameless_instead(_: u64, closing: Closing, all: (u64, u64, u64)) -> Result<u64, LockError> {
    tokio::task::yield_now().await;
    drop(closing);
    Ok(all.2)
}

#[distributed_lock(name = "l")]
fn plain_nameless(Closing(_): Closing, (left, _): (u64, Closing)) -> Result<u64, LockError> {
    Ok(left)
}

#[allow(deprecated)]
const fn old() -> (Aging, Aging) {
    (Aging::Old, Aging::New { id: 1 })
}

#[test]
fn quiet_functions_run() {
    super::run(async {
        documented(1).await.unwrap();
        assert_eq!(plain(vec![1]).unwrap(), 1);
        assert_eq!(future(1, "abc").await.unwrap(), 4);
        assert_eq!(Counter { count: 1 }.add(2).await.unwrap().count, 3);
        let id = Id { shop: "north", number: Some(3), of: PhantomData::<u8> };
        assert_eq!(derived(&id, Season::Spring, 1).await.unwrap(), Some(3));
        assert_eq!(derived(&id, Season::Year(2026), 1).await.unwrap(), Some(3));
        assert_eq!(derived(&id, Season::Half { year: 2026, second: true }, 1).await.unwrap(), Some(3));
        assert_eq!(listed("a".to_owned(), "b".to_owned()).await.unwrap(), 2);
        assert_eq!(iterated(&[1, 2]).unwrap(), 3);
        let locks = LockManager::connect("memory:").await.unwrap();
        assert_eq!(borrowed(vec![1], &locks).unwrap(), [1]);
        assert_eq!(template::<2>(1, "x", (2, String::new())).await.unwrap(), 3);
        assert_eq!(boxed("abc").await.unwrap(), 3);
        let shop = Arc::new(Newtype(4));
        assert_eq!(shop.close().await.unwrap() + shop.native().await.unwrap(), 5);
        assert_eq!(shop.sell(1).await.unwrap(), 5);
        assert_eq!(stacked(6).await.unwrap() + made(7).unwrap(), 13);
        assert_eq!(conditional(1).await.unwrap(), 1);
        assert_eq!(every_argument(1, "a".to_owned(), (2, 3)).await.unwrap(), "a+2");
        assert_eq!(every_argument(0, "a".to_owned(), (2, 3)).await.unwrap(), "a-2");
        assert_eq!(*plain_with_every_argument(&mut 1).unwrap(), 2);
        skipped(1).await;
        assert_ne!(LockKey::of(Aging::Current), LockKey::of(old()));
        assert_eq!(nameless(1, Closing(2), (3, 4, 5)).await.unwrap(), 3);
        assert_eq!(plain_nameless(Closing(2), (4, Closing(2))).unwrap(), 4);
        assert_eq!(underscored(1, "a".to_owned()).await.unwrap(), 1);
        assert_eq!(plain_underscored(2, "a".to_owned()).unwrap(), 2);
        assert_eq!(future_underscored("a".to_owned()).await.unwrap(), 1);
    });
}
