//! Every argument, with every kind of value.

use std::sync::Arc;
use std::time::Duration;

use lock_core::{LockError, LockManager, distributed_lock};

const PREFIX: &str = "constant";
const LEASE: Duration = Duration::from_secs(20);

struct Config {
    wait: Duration,
}

#[distributed_lock(
    prefix = "all",
    name = "arguments",
    key = "id",
    wait = "1m30s",
    expire = "20s",
    delimiter = "/",
    renew = true,
    on_lost = "finish",
    guard = held
)]
async fn literals(id: u64) -> Result<String, LockError> {
    Ok(held.name().to_string())
}

#[distributed_lock(prefix = PREFIX, name = concat!("a", "b"), wait = config.wait, expire = LEASE, renew = false, guard = held)]
async fn expressions(config: &Config) -> Result<String, LockError> {
    Ok(held.name().to_string())
}

#[rustfmt::skip] // a trailing comma
#[distributed_lock(name = "try", wait = "0s", on_lost = "cancel",)]
fn plain() -> Result<(), LockError> {
    Ok(())
}

#[distributed_lock(name = "by-value", locks = locks, guard = held)]
async fn by_value(locks: LockManager) -> Result<String, LockError> {
    drop(locks);
    Ok(held.name().to_string())
}

#[distributed_lock(name = "by-reference", locks = locks)]
async fn by_reference(locks: &LockManager) -> Result<(), LockError> {
    let _ = locks;
    Ok(())
}

#[distributed_lock(name = "shared", locks = locks)]
async fn shared(locks: Arc<LockManager>) -> Result<(), LockError> {
    drop(locks);
    Ok(())
}

#[distributed_lock(name = "bounded", expire = LEASE, max_hold = LEASE * 2, hold_at_least = config.wait)]
async fn bounded(config: &Config) -> Result<(), LockError> {
    assert!(config.wait < LEASE);
    Ok(())
}

/// What only the call can tell is told by the call.
#[distributed_lock(name = "bounded", expire = config.wait, max_hold = LEASE)]
fn too_short(config: &Config) -> Result<(), LockError> {
    panic!("a body ran under a lease of {:?}", config.wait)
}

struct Service {
    locks: LockManager,
    sold: u64,
}

impl Service {
    #[distributed_lock(name = "service", key = "self.sold", locks = self.locks)]
    async fn sell(&mut self) -> Result<u64, LockError> {
        self.sold += 1;
        Ok(self.sold)
    }
}

#[test]
fn every_argument_is_taken() {
    super::run(async {
        assert_eq!(literals(1).await.unwrap(), "LOCK:all/arguments/1");
        assert_eq!(expressions(&Config { wait: Duration::from_secs(1) }).await.unwrap(), "LOCK:constant:ab");
        plain().unwrap();
        bounded(&Config { wait: Duration::ZERO }).await.unwrap();
        let error = too_short(&Config { wait: LEASE * 2 }).unwrap_err();
        assert!(
            matches!(&error, LockError::Params { message, .. } if message.contains("max_hold")),
            "{error}"
        );
        let locks = LockManager::connect("memory:").await.unwrap();
        assert_eq!(by_value(locks.clone()).await.unwrap(), "LOCK:by-value");
        by_reference(&locks).await.unwrap();
        shared(Arc::new(locks.clone())).await.unwrap();
        assert_eq!(Service { locks, sold: 0 }.sell().await.unwrap(), 1);
    });
}
