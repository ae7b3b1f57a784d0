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

#[test]
fn quiet_functions_run() {
    super::run(async {
        documented(1).await.unwrap();
        assert_eq!(plain(vec![1]).unwrap(), 1);
        assert_eq!(future(1, "abc").await.unwrap(), 4);
        assert_eq!(Counter { count: 1 }.add(2).await.unwrap().count, 3);
        assert_eq!(conditional(1).await.unwrap(), 1);
    });
}
