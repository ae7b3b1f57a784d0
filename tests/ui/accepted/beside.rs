//! Other attributes beside this one, above it and below it.

use lock_core::{LockError, distributed_lock};
use tracing::instrument;

#[instrument(fields(of = id, tenant), skip(text), err)]
#[distributed_lock(prefix = "b", key = "{tenant}:{id}", guard = held)]
async fn instrumented_outside((tenant, id): (u64, u64), text: &str) -> Result<String, LockError> {
    tokio::task::yield_now().await;
    Ok(format!("{} {text}", held.name()))
}

#[distributed_lock(prefix = "b", key = "{tenant}:{id}", guard = held)]
#[instrument(fields(of = id), skip_all)]
async fn instrumented_inside((tenant, id): (u64, u64), text: &str) -> Result<String, LockError> {
    tokio::task::yield_now().await;
    Ok(format!("{} {tenant} {text}", held.name()))
}

#[instrument]
#[distributed_lock(prefix = "b", key = id)]
fn instrumented_plain(id: u64) -> Result<u64, LockError> {
    Ok(id)
}

#[distributed_lock(prefix = "b", key = id)]
#[instrument(ret)]
fn instrumented_plain_inside(id: u64) -> Result<u64, LockError> {
    if id == 0 {
        return Ok(9);
    }
    Ok(id)
}

/// Has no `Debug`, and belongs into no record.
struct Secret(#[allow(dead_code)] String);

#[distributed_lock(prefix = "b", key = id, guard = held)]
#[instrument]
async fn instrumented_beside_nameless(
    _: Secret,
    id: u64,
    (shop, _): (u64, Secret),
) -> Result<u64, LockError> {
    held.check()?;
    Ok(id + shop)
}

#[distributed_lock(name = "b")]
#[instrument]
fn instrumented_plain_beside_nameless(_: Secret, Secret(_): Secret) -> Result<u64, LockError> {
    Ok(6)
}

struct Shop(u64);

impl Shop {
    #[instrument(skip(self), fields(shop = self.0))]
    #[distributed_lock(prefix = "b", key = self.0)]
    async fn method(&mut self, amount: u64) -> Result<&mut Self, LockError> {
        self.0 += amount;
        Ok(self)
    }
}

#[cfg(test)]
#[distributed_lock(name = "cfg-above")]
async fn cfg_above() -> Result<u64, LockError> {
    Ok(1)
}

#[distributed_lock(name = "cfg-below")]
#[cfg(test)]
async fn cfg_below() -> Result<u64, LockError> {
    Ok(2)
}

/// Where the `#[cfg]` is false, nothing may be left of the function.
#[cfg(not(test))]
#[distributed_lock(name = "cfg-above")]
async fn cfg_above() -> Result<Absent, LockError> {
    Ok(Absent)
}

#[distributed_lock(name = "cfg-below")]
#[cfg(not(test))]
async fn cfg_below() -> Result<Absent, LockError> {
    Ok(Absent)
}

#[cfg_attr(not(test), distributed_lock(name = "never"))]
#[cfg_attr(test, distributed_lock(name = "cfg-attr", guard = held), must_use)]
async fn cfg_attr(#[cfg(test)] id: u64, #[cfg(not(test))] id: Absent) -> Result<String, LockError> {
    Ok(format!("{} {id}", held.name()))
}

#[track_caller]
#[distributed_lock(name = "cold")]
#[cold]
#[inline(never)]
fn cold() -> Result<u64, LockError> {
    // The body is a closure.
    assert_eq!(std::panic::Location::caller().line(), line!());
    Ok(3)
}

#[distributed_lock(name = "async-test", locks = lock_core::LockManager::connect("memory:").await?)]
#[tokio::test(flavor = "current_thread")]
#[instrument]
async fn an_instrumented_test() -> Result<(), LockError> {
    Ok(())
}

#[test]
fn other_attributes_do_their_work_too() {
    super::run(async {
        assert_eq!(instrumented_outside((3, 4), "x").await.unwrap(), "LOCK:b:3:4 x");
        assert_eq!(instrumented_inside((3, 4), "x").await.unwrap(), "LOCK:b:3:4 3 x");
        assert_eq!(instrumented_plain(5).unwrap(), 5);
        assert_eq!(instrumented_plain_inside(0).unwrap(), 9);
        let secret = || Secret("s".to_owned());
        assert_eq!(instrumented_beside_nameless(secret(), 3, (4, secret())).await.unwrap(), 7);
        assert_eq!(instrumented_plain_beside_nameless(secret(), secret()).unwrap(), 6);
        assert_eq!(Shop(1).method(2).await.unwrap().0, 3);
        assert_eq!(cfg_above().await.unwrap() + cfg_below().await.unwrap() + cold().unwrap(), 6);
        assert_eq!(cfg_attr(7).await.unwrap(), "LOCK:cfg-attr 7");
    });
}
