//! Which manager annotated functions use.

use std::sync::{PoisonError, RwLock};

use super::LockManager;
use crate::run::remember_frame;

static INSTALLED: RwLock<Option<LockManager>> = RwLock::new(None);

tokio::task_local! {
    static SCOPED: LockManager;
}

impl LockManager {
    /// Makes this the manager of every annotated function in this process that names no other. The last one installed
    /// wins, with a warning in the log.
    pub fn install(self) {
        let replaced = INSTALLED.write().unwrap_or_else(PoisonError::into_inner).replace(self);
        if replaced.is_some() {
            tracing::warn!("another lock manager was installed before; annotated functions use the new one");
        }
        #[cfg(feature = "inventory")]
        crate::annotated::log_shared();
    }

    /// Runs `future` with this as the current manager, before the installed one. Tasks that it spawns do not inherit it:
    /// wrap them in [`bind_current`](Self::bind_current).
    ///
    /// # Cancel safety
    /// That of `future`.
    pub async fn scope<F: Future>(&self, future: F) -> F::Output {
        SCOPED.scope(self.clone(), future).await
    }

    /// Runs `inside` with this as the current manager, before the installed one.
    pub fn scope_sync<R>(&self, inside: impl FnOnce() -> R) -> R {
        SCOPED.sync_scope(self.clone(), inside)
    }

    /// The manager that an annotated function called here would use: the innermost [`scope`](Self::scope)'s, else the
    /// installed one.
    #[must_use]
    pub fn current() -> Option<Self> {
        let scoped = SCOPED.try_with(Self::clone).ok();
        scoped.or_else(|| INSTALLED.read().unwrap_or_else(PoisonError::into_inner).clone())
    }

    /// Takes the present manager along into a spawned task: `tokio::spawn(LockManager::bind_current(work()))`. Holds are
    /// not taken along: the new task competes for them like any other. If it finds a lock busy that its parent holds, the
    /// error says so.
    ///
    /// # Cancel safety
    /// That of `future`.
    pub fn bind_current<F: Future>(future: F) -> impl Future<Output = F::Output> {
        let current = SCOPED.try_with(Self::clone).ok();
        let future = remember_frame(future);
        async move {
            match current {
                Some(manager) => SCOPED.scope(manager, future).await,
                None => future.await,
            }
        }
    }
}
