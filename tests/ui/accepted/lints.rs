//! What the attribute adds is silent under lints that are often denied, also of clippy.

#![deny(clippy::all, clippy::pedantic, clippy::nursery)]
#![allow(clippy::unused_async, clippy::missing_errors_doc)]

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
fn plain(#[allow(unused_mut)] mut values: Vec<u64>, #[cfg(any())] absent: u64) -> Result<usize, LockError> {
    let _ = held.token();
    Ok(values.len())
}

#[cfg_attr(all(), distributed_lock(name = "l"))]
async fn conditional(#[cfg(all())] value: u64, #[cfg(any())] value: String) -> Result<u64, LockError> {
    Ok(value)
}

#[test]
fn quiet_functions_run() {
    super::run(async {
        documented(1).await.unwrap();
        assert_eq!(plain(vec![1]).unwrap(), 1);
        assert_eq!(conditional(1).await.unwrap(), 1);
    });
}
