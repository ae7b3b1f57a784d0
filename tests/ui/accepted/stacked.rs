//! Two locks on one function, and other attributes above and below.

use lock_core::{LockError, LockManager, distributed_lock};

#[distributed_lock(prefix = "inner", key = "b", guard = inner)]
#[distributed_lock(prefix = "outer", key = "a", guard = outer)]
async fn two(a: u64, b: u64, _: String) -> Result<String, LockError> {
    Ok(format!("{} in {}", inner.name(), outer.name()))
}

struct Closing(#[allow(dead_code)] String);

impl Drop for Closing {
    fn drop(&mut self) {}
}

#[distributed_lock(prefix = "inner", key = "b")]
#[distributed_lock(prefix = "outer", key = "a", on_busy = one_plain)]
fn two_plain(a: u64, b: u64, _: String, Closing(_): Closing) -> Result<u64, LockError> {
    Ok(a + b)
}

fn one_plain(_: u64, b: u64, _: String, closing: Closing) -> Result<u64, LockError> {
    drop(closing);
    Ok(b)
}

/// Holds both locks and says which of them stops somebody else first.
#[distributed_lock(prefix = "inner", key = "b", wait = "0s", locks = locks)]
#[distributed_lock(prefix = "outer", key = "a", wait = "0s", locks = locks)]
fn first_lock(locks: &LockManager, a: u64, b: u64, other: bool) -> Result<String, LockError> {
    if other {
        return Ok("none".to_owned());
    }
    let other = std::thread::scope(|scope| scope.spawn(|| first_lock(locks, a, b, true)).join().unwrap());
    Ok(other.unwrap_or_else(|error| error.to_string()))
}

/// Above a runtime's attribute the function is still `async`, and so is the lock.
#[distributed_lock(name = "above-test", locks = LockManager::connect("memory:").await?)]
#[tokio::test]
async fn above_another_attribute() -> Result<(), LockError> {
    Ok(())
}

/// Below it the function is a plain one by then, and locks before the runtime runs.
#[tokio::test]
#[distributed_lock(name = "below-test", locks = LockManager::connect_blocking("memory:")?)]
async fn below_another_attribute() -> Result<(), LockError> {
    Ok(())
}

#[test]
fn both_locks_are_held() {
    super::run(async {
        assert_eq!(two(1, 2, String::new()).await.unwrap(), "LOCK:inner:2 in LOCK:outer:1");
        let locks = LockManager::connect("memory:").await.unwrap();
        let stopped = first_lock(&locks, 1, 2, false).unwrap();
        assert!(stopped.contains("LOCK:outer:1"), "the lower attribute is the outer lock: {stopped}");
        assert_eq!(two_plain(1, 2, String::new(), Closing(String::new())).unwrap(), 3);
    });
}
