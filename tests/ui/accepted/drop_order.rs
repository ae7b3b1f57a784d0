//! The body and all arguments are dropped before the lock is freed, in the order of an ordinary function.

use std::future::Future;
use std::sync::{Arc, Mutex};

use lock_core::{LockError, LockManager, distributed_lock};

#[distributed_lock(name = "drop-order", wait = "0s", locks = locks)]
fn probe(locks: LockManager) -> Result<(), LockError> {
    Ok(())
}

/// Records, when it is dropped, whether the lock was still held.
struct Witness {
    name: &'static str,
    locks: LockManager,
    log: Arc<Mutex<Vec<String>>>,
}

impl Drop for Witness {
    fn drop(&mut self) {
        let locks = self.locks.clone();
        // From a thread of its own: here a nested call would join the hold.
        let probed = std::thread::spawn(move || probe(locks)).join().unwrap();
        let state = if matches!(probed, Err(LockError::Busy { .. })) { "held" } else { "free" };
        self.log.lock().unwrap().push(format!("{} {state}", self.name));
    }
}

#[distributed_lock(name = "drop-order", locks = locks)]
async fn awaited(
    locks: &LockManager,
    _: Witness,
    _unused: Witness,
    (used, _): (Witness, Witness),
) -> Result<(), LockError> {
    let _used = &used;
    tokio::task::yield_now().await;
    Ok(())
}

#[distributed_lock(name = "drop-order", locks = locks)]
fn plain(
    locks: &LockManager,
    _: Witness,
    _unused: Witness,
    (used, _): (Witness, Witness),
) -> Result<(), LockError> {
    let _used = &used;
    Ok(())
}

#[distributed_lock(name = "drop-order", locks = locks)]
fn future<'a>(
    locks: &'a LockManager,
    _: Witness,
    _unused: Witness,
    (used, _): (Witness, Witness),
) -> impl Future<Output = Result<(), LockError>> + use<'a> {
    async move {
        drop(used);
        tokio::task::yield_now().await;
        Ok(())
    }
}

#[test]
fn arguments_are_dropped_under_the_lock_in_the_usual_order() {
    super::run(async {
        let locks = LockManager::connect("memory:").await.unwrap();
        let log = Arc::default();
        let witness = |name| Witness { name, locks: locks.clone(), log: Arc::clone(&log) };
        let take = || std::mem::take(&mut *log.lock().unwrap());
        let pair = || (witness("pair.0"), witness("pair.1"));

        drop(witness("before"));
        assert_eq!(take(), ["before free"]);

        awaited(&locks, witness("wildcard"), witness("unused"), pair()).await.unwrap();
        assert_eq!(take(), ["pair.1 held", "pair.0 held", "unused held", "wildcard held"]);

        plain(&locks, witness("wildcard"), witness("unused"), pair()).unwrap();
        assert_eq!(take(), ["pair.1 held", "pair.0 held", "unused held", "wildcard held"]);

        future(&locks, witness("wildcard"), witness("unused"), pair()).await.unwrap();
        assert_eq!(take(), ["pair.0 held", "pair.1 held", "unused held", "wildcard held"]);
    });
}
