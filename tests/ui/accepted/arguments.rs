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
        let locks = LockManager::connect("memory:").await.unwrap();
        assert_eq!(by_value(locks.clone()).await.unwrap(), "LOCK:by-value");
        by_reference(&locks).await.unwrap();
        shared(Arc::new(locks.clone())).await.unwrap();
        assert_eq!(Service { locks, sold: 0 }.sell().await.unwrap(), 1);
    });
}
