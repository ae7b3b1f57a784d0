//! A manager in memory whose time stands still, for users' tests.

use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use super::foreign::Foreign;
use super::{LockManager, ManagerBuilder};
use crate::backend::memory::{ForeignHold, ManualClock, MemoryBackend};
use crate::clock::{Clock, Moment};
use crate::engine::{Engine, block_on};
use crate::error::LockError;
use crate::key::IntoLockKey;
use crate::params::DEFAULT_DELIMITER;

/// A [`LockManager`] in memory with a clock that only [`advance`](Self::advance) moves, and with the means to make locks
/// busy and to lose them: so that tests reach the paths of their code that a healthy server never takes.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use std::time::Duration;
/// use lock_core::LockManager;
///
/// let locks = LockManager::memory()?;
/// let foreign = locks.hold("order:42")?;
/// assert!(locks.lock("order:42").try_acquire().await?.is_none());
/// drop(foreign);
///
/// let guard = locks.lock("order:42").expire(Duration::from_secs(10)).acquire().await?;
/// locks.advance(Duration::from_secs(60)); // renewed meanwhile
/// assert!(!guard.is_lost());
/// locks.lose("order:42")?;
/// locks.advance(Duration::from_secs(10));
/// assert!(guard.is_lost());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct MemoryLocks {
    manager: LockManager,
    foreign: Arc<Foreign>,
    clock: ManualClock,
}

impl LockManager {
    /// A manager in memory for tests, with a clock of its own; it dereferences to [`LockManager`]. For one with a namespace,
    /// defaults or a key generator see [`ManagerBuilder::memory`].
    ///
    /// # Errors
    /// [`LockError::Config`] if the system has no thread left.
    pub fn memory() -> Result<MemoryLocks, LockError> {
        Self::builder().memory()
    }
}

impl ManagerBuilder {
    /// Makes a manager in memory for tests, with a clock of its own, instead of connecting to a server: with the namespace, the
    /// defaults and the key generator that were given here.
    ///
    /// ```
    /// # #[cfg(feature = "macros")] mod example {
    /// use lock_core::{JoinPoint, LockError, LockManager, distributed_lock};
    ///
    /// #[distributed_lock(prefix = "order", key = "id", wait = "0s")]
    /// async fn pay(id: u64) -> Result<(), LockError> {
    ///     Ok(())
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # pub
    /// async fn main() -> Result<(), LockError> {
    ///     let by_tenant = |call: &JoinPoint<'_>| call.key_behind("acme");
    ///     let locks = LockManager::builder().key_generator(by_tenant).memory()?;
    ///     let other = locks.hold(("order", 42))?; // without the tenant: it is the generator's
    ///     assert!(locks.scope(pay(42)).await.is_err_and(|error| error.is_busy()));
    ///     drop(other);
    ///     locks.scope(pay(42)).await
    /// }
    /// # }
    /// # #[cfg(feature = "macros")] fn main() { example::main().unwrap() }
    /// # #[cfg(not(feature = "macros"))] fn main() {}
    /// ```
    ///
    /// # Errors
    /// [`LockError::Config`] if a server was named too, for a wrong namespace, or if the system has no thread left;
    /// [`LockError::Params`] for a default out of its range.
    pub fn memory(self) -> Result<MemoryLocks, LockError> {
        if self.names_servers() {
            let message = "`memory()` makes a manager without any server: leave `url`, `client`, `backend`, `min_replicas` and \
                           `red_masters` out, or end with `connect()`";
            return Err(LockError::Config { message: message.to_owned() });
        }
        let clock = ManualClock::new();
        let backend = MemoryBackend::with_clock(Arc::new(clock.clone()));
        let foreign = Arc::new(Foreign::new(backend.share()));
        let builder = self.backend(Arc::new(backend.share()), Arc::new(clock.clone()));
        // In async tests too: nobody answers there but this process.
        let manager = block_on(builder.foreign(Arc::clone(&foreign)).connect())?;
        Ok(MemoryLocks { manager, foreign, clock })
    }
}

impl MemoryLocks {
    /// Somebody else takes the lock and keeps it until the returned value is dropped.
    ///
    /// The key is that of [`LockManager::lock`], with the attribute's `prefix` and `name` in front. Annotated functions with that
    /// key find their lock busy whatever their `delimiter` is and whatever the manager's key generator makes of it; with a
    /// tenant in front, all tenants do. What the generator returned means that lock alone: `("order", "acme", 42)`.
    ///
    /// # Errors
    /// [`LockError::Key`] for a bad name, [`LockError::Busy`] if it is held already.
    pub fn hold(&self, key: impl IntoLockKey) -> Result<ForeignHold, LockError> {
        let key = key.into_lock_key();
        let name = self.name(None, None, &key, DEFAULT_DELIMITER)?;
        let busy =
            || LockError::Busy { key: name.to_string(), waited: Duration::ZERO, holder: None, votes: None };
        self.foreign.hold(key, &name).ok_or_else(busy)
    }

    /// The server forgets who holds the lock, as after a loss of its data. The holder finds out at its next renewal, at
    /// the latest when its lease is over; says whether anybody held it. The key means what it means to [`hold`](Self::hold).
    ///
    /// # Errors
    /// [`LockError::Key`] for a bad name.
    pub fn lose(&self, key: impl IntoLockKey) -> Result<bool, LockError> {
        let key = key.into_lock_key();
        let name = self.name(None, None, &key, DEFAULT_DELIMITER)?;
        Ok(self.foreign.lose(&key, &name))
    }

    /// Moves the clock forward, doing on the way everything that falls due, in its order and at its time.
    pub fn advance(&self, by: Duration) {
        let target = self.clock.now() + by;
        loop {
            let due = self.tick();
            let now = self.clock.now();
            if due > target || now >= target {
                break;
            }
            // At least a millisecond: what is due now and not done waits for somebody else.
            let step = due.since(now).max(Duration::from_millis(1)).min(target.since(now));
            self.clock.advance(step);
        }
        self.clock.advance(target.since(self.clock.now()));
        self.tick();
    }

    /// Does what is due; says when to look again.
    fn tick(&self) -> Moment {
        self.manager.engines().map(Engine::tick).min().unwrap_or(Moment::NEVER)
    }

    /// The clock's present moment.
    #[must_use]
    pub fn now(&self) -> Moment {
        self.clock.now()
    }
}

impl Deref for MemoryLocks {
    type Target = LockManager;

    fn deref(&self) -> &LockManager {
        &self.manager
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn locks() -> MemoryLocks {
        LockManager::memory().unwrap()
    }

    #[test]
    fn an_extension_makes_a_lease_longer_that_is_not_renewed() {
        let locks = locks();
        let guard = locks.lock("a").expire(Duration::from_secs(3)).renew(false).acquire_blocking().unwrap();
        block_on(guard.held().extend(Duration::from_secs(1))).unwrap();
        assert!(guard.remaining() > Duration::from_secs(2), "{:?}", guard.remaining());
        block_on(guard.held().extend(Duration::from_secs(60))).unwrap();
        locks.advance(Duration::from_secs(50));
        assert!(!guard.is_lost());
        locks.advance(Duration::from_secs(11));
        assert!(guard.is_lost());
        assert!(matches!(block_on(guard.held().extend(Duration::from_secs(1))), Err(LockError::Lost { .. })));
    }

    #[test]
    fn an_extension_asks_for_as_much_at_every_renewal() {
        let locks = locks();
        let guard = locks.lock("a").expire(Duration::from_secs(3)).acquire_blocking().unwrap();
        block_on(guard.held().extend(Duration::from_secs(60))).unwrap();
        locks.advance(Duration::from_secs(300));
        assert!(guard.remaining() > Duration::from_secs(30), "{:?}", guard.remaining());
    }

    #[test]
    fn a_lease_out_of_range_is_refused() {
        let guard = locks().lock("a").acquire_blocking().unwrap();
        assert!(matches!(block_on(guard.held().extend(Duration::ZERO)), Err(LockError::Params { .. })));
    }
}
