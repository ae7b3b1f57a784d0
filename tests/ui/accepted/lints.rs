//! What the attribute adds is silent under lints that are often denied, also of clippy.

#![deny(clippy::all, clippy::pedantic, clippy::nursery)]
#![allow(clippy::unused_async, clippy::missing_errors_doc)]

use std::future::Future;

use lock_core::{LockError, distributed_lock};

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

#[test]
fn quiet_functions_run() {
    super::run(async {
        documented(1).await.unwrap();
        assert_eq!(plain(vec![1]).unwrap(), 1);
        assert_eq!(future(1, "abc").await.unwrap(), 4);
        assert_eq!(Counter { count: 1 }.add(2).await.unwrap().count, 3);
        assert_eq!(conditional(1).await.unwrap(), 1);
        assert_eq!(every_argument(1, "a".to_owned(), (2, 3)).await.unwrap(), "a+2");
        assert_eq!(every_argument(0, "a".to_owned(), (2, 3)).await.unwrap(), "a-2");
        assert_eq!(*plain_with_every_argument(&mut 1).unwrap(), 2);
        skipped(1).await;
    });
}
