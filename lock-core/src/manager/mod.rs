//! What users hold: the manager, requests by hand, guards, and the trait that decorators implement.

mod blocking;
mod builder;
mod connect;
mod current;
mod guard;
mod owner;
mod request;
mod shutdown;
mod support;
mod virtual_time;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

pub use builder::ManagerBuilder;
pub use guard::LockGuard;
pub use request::LockRequest;
pub use support::LockSupport;
pub use virtual_time::MemoryLocks;

use crate::engine::Engine;
use crate::error::LockError;
use crate::key::{IntoLockKey, LockKey, join, name_so_far};
use crate::name::LockName;
use crate::params::DEFAULT_DELIMITER;

/// Takes locks on one server (or in memory). Cheap to clone; all clones share one background thread and one
/// subscription, which end when the last clone, guard and waiting call are gone.
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
    engine: Engine,
    namespace: String,
    wait: Duration,
    expire: Duration,
}

impl LockManager {
    /// A request for the lock of that name: a text is taken as it is, tuples are encoded; see [`IntoLockKey`].
    ///
    /// Nothing happens before one of the request's final methods is called.
    pub fn lock(&self, key: impl IntoLockKey) -> LockRequest {
        LockRequest::new(self.clone(), self.name(None, None, &key.into_lock_key(), DEFAULT_DELIMITER))
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

    pub(crate) fn engine(&self) -> &Engine {
        &self.0.engine
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
