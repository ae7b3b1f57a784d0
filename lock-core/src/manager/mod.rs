//! What users hold: the manager, requests by hand, guards, and the trait that decorators implement.

#[cfg(feature = "redis")]
mod access;
mod blocking;
mod builder;
mod connect;
mod current;
mod guard;
mod owner;
mod red;
mod request;
mod shutdown;
mod support;
#[cfg(test)]
mod tests;
mod virtual_time;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use builder::Generator;
pub use builder::ManagerBuilder;
pub use guard::LockGuard;
pub use request::LockRequest;
pub use support::LockSupport;
pub use virtual_time::MemoryLocks;

use crate::engine::Engine;
use crate::error::LockError;
use crate::key::{IntoLockKey, JoinPoint, KeyError, LockKey, join, name_so_far};
use crate::kind::{Masters, check_count, sorted};
use crate::name::LockName;
use crate::params::DEFAULT_DELIMITER;

/// Takes locks on one server (or in memory). Cheap to clone; all clones share the background threads and
/// the connections, which end when the last clone, guard and waiting call are gone.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use lock_core::LockManager;
///
/// let locks = LockManager::connect("memory:").await?;
/// let guard = locks.lock(("order", 42)).acquire().await?;
/// assert_eq!(guard.name().as_str(), "LOCK:order:42");
/// guard.release().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct LockManager(Arc<Inner>);

struct Inner {
    /// For every kind but red; `None` with red masters alone.
    engine: Option<Engine>,
    /// For red.
    masters: Option<Arc<Masters>>,
    namespace: String,
    wait: Duration,
    expire: Duration,
    generator: Option<Generator>,
}

impl LockManager {
    /// A request for the lock of that name: a text is taken as it is, tuples are encoded; see [`IntoLockKey`].
    ///
    /// Nothing happens before one of the request's final methods is called.
    pub fn lock(&self, key: impl IntoLockKey) -> LockRequest {
        LockRequest::new(self.clone(), self.name(None, None, &key.into_lock_key(), DEFAULT_DELIMITER))
    }

    /// A request for several locks together, all or none; see [`LockKind::Multi`](crate::LockKind::Multi). Each name is taken
    /// once, however often it is given, and in an order that is the same for all callers: nobody waits in a circle.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let locks = lock_core::LockManager::connect("memory:").await?;
    /// let seats = locks.lock_all([("seat", "A2"), ("seat", "A1")]).acquire().await?;
    /// for (name, token) in seats.tokens() {
    ///     println!("{name} is fenced with {token}");
    /// }
    /// seats.release().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn lock_all<K: IntoLockKey>(&self, keys: impl IntoIterator<Item = K>) -> LockRequest {
        let keys = keys.into_iter().map(IntoLockKey::into_lock_key);
        LockRequest::of_all(self.clone(), self.names(None, None, keys, DEFAULT_DELIMITER))
    }

    /// The full names, sorted, each once; or an error that says what is wrong.
    pub(crate) fn names(
        &self,
        prefix: Option<&str>,
        name: Option<&str>,
        keys: impl IntoIterator<Item = LockKey>,
        delimiter: &str,
    ) -> Result<Vec<LockName>, LockError> {
        let names = keys.into_iter().map(|key| self.name(prefix, name, &key, delimiter));
        let names = sorted(names.collect::<Result<_, _>>()?);
        check_count(&name_so_far(&self.0.namespace, prefix, name, delimiter), names.len())?;
        Ok(names)
    }

    /// The full name, or an error that says what is wrong with the parts.
    pub(crate) fn name(
        &self,
        prefix: Option<&str>,
        name: Option<&str>,
        key: &LockKey,
        delimiter: &str,
    ) -> Result<LockName, LockError> {
        let namespace = &self.0.namespace;
        join(namespace, prefix, name, key, delimiter)
            .map_err(|error| LockError::Key { key: name_so_far(namespace, prefix, name, delimiter), error })
    }

    /// Where every kind but red is kept.
    pub(crate) fn engine(&self, key: &str) -> Result<&Engine, LockError> {
        self.0.engine.as_ref().ok_or_else(|| LockError::Params {
            key: key.to_owned(),
            message:
                "this manager has red masters and no server of its own, and this lock is not `red`: write \
                      `kind = \"red\"` (by hand `.red()`), or name a server with `builder().url(..)` too"
                    .to_owned(),
        })
    }

    /// Where red is kept.
    pub(crate) fn masters(&self, key: &str) -> Result<&Arc<Masters>, LockError> {
        self.0.masters.as_ref().ok_or_else(|| LockError::Params {
            key: key.to_owned(),
            message: "this manager has no masters for `red` locks: write \
                      `LockManager::builder().red_masters([\"redis://a/\", \"redis://b/\", \"redis://c/\"])`"
                .to_owned(),
        })
    }

    /// All engines that it has.
    fn engines(&self) -> impl Iterator<Item = &Engine> {
        let masters = self.0.masters.iter().flat_map(|masters| masters.all());
        self.0.engine.iter().chain(masters.map(|master| &master.engine))
    }

    /// What `call`'s key becomes under the manager's generator, if there is one.
    pub(crate) fn generated(&self, call: &JoinPoint<'_>) -> Option<Result<LockKey, KeyError>> {
        self.0.generator.as_ref().map(|generator| generator.0.lock_key(call))
    }

    pub(crate) fn default_wait(&self) -> Duration {
        self.0.wait
    }

    pub(crate) fn default_expire(&self) -> Duration {
        self.0.expire
    }
}

impl fmt::Debug for LockManager {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LockManager").field("namespace", &self.0.namespace).finish_non_exhaustive()
    }
}
