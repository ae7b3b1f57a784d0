//! The trait that decorators implement.

use std::borrow::Cow;

use super::{LockGuard, LockManager, LockRequest};
use crate::error::LockError;
use crate::params::{LockKind, LockParams};

/// Takes and frees locks, for code that takes them by hand and is generic over how. [`LockManager`] is one; wrap it to log, to count,
/// to forbid, in such code.
///
/// Annotated functions take their locks from a [`LockManager`] itself, and `locks = ..` refuses a wrapper, whose methods would be
/// passed over without a word: that a nested call joins the hold around it, that a body ends with its lease, and that all callers
/// come to one name is the manager's work. There each call is seen, and can be forbidden, by the manager's
/// [`LockKeyGenerator`](crate::LockKeyGenerator), and what happens to a lock is logged through `tracing`.
///
/// A manager's own `lock` is the one that takes a name by hand, so call this one as `LockSupport::lock(&manager, ..)`.
/// Implementations may write `async fn`. The trait is not dyn-compatible.
///
/// ```
/// use lock_core::{LockError, LockGuard, LockManager, LockParams, LockSupport};
///
/// struct Logged(LockManager);
///
/// impl LockSupport for Logged {
///     type Guard = LockGuard;
///
///     async fn lock(&self, params: &LockParams) -> Result<LockGuard, LockError> {
///         let guard = LockSupport::lock(&self.0, params).await?;
///         println!("{} took {}", params.id, guard.name());
///         Ok(guard)
///     }
///
///     async fn unlock(&self, guard: LockGuard, params: &LockParams) -> Result<(), LockError> {
///         println!("{} frees {}", params.id, guard.name());
///         self.0.unlock(guard, params).await
///     }
/// }
/// ```
pub trait LockSupport: Send + Sync {
    /// What holding a lock is.
    type Guard: Send;

    /// Takes the lock that `params` describes. Every call is a request of its own, even with the same `params`.
    ///
    /// # Errors
    /// As [`LockRequest::acquire`].
    ///
    /// # Cancel safety
    /// As [`LockRequest::acquire`].
    fn lock(&self, params: &LockParams) -> impl Future<Output = Result<Self::Guard, LockError>> + Send;

    /// Frees it.
    ///
    /// # Errors
    /// As [`LockGuard::release`].
    ///
    /// # Cancel safety
    /// As [`LockGuard::release`].
    fn unlock(
        &self,
        guard: Self::Guard,
        params: &LockParams,
    ) -> impl Future<Output = Result<(), LockError>> + Send;
}

impl LockSupport for LockManager {
    type Guard = LockGuard;

    async fn lock(&self, params: &LockParams) -> Result<LockGuard, LockError> {
        let prefix = params.prefix.as_deref();
        let several = !params.keys.is_empty() || (params.kind == LockKind::Multi && params.key.is_empty());
        let delimiter = Cow::from(params.delimiter.clone());
        let request = if !several {
            let name = self.name(prefix, None, &params.key, &delimiter);
            LockRequest::new(self.clone(), name, delimiter)
        } else {
            let names = self.names(prefix, None, params.keys.iter().cloned(), &delimiter);
            LockRequest::of_all(self.clone(), names, delimiter)
        };
        let request = match params.max_hold {
            Some(longest) => request.max_hold(longest),
            None => request,
        };
        let request = match params.hold_at_least {
            Some(shortest) => request.hold_at_least(shortest),
            None => request,
        };
        request
            .kind(params.kind)
            .wait(params.wait.unwrap_or(self.default_wait()))
            .expire(params.expire.unwrap_or(self.default_expire()))
            .renew(params.renew)
            .on_lost(params.on_lost)
            .function(params.function.as_str())
            .id(params.id)
            .acquire()
            .await
    }

    async fn unlock(&self, guard: LockGuard, _params: &LockParams) -> Result<(), LockError> {
        guard.release().await
    }
}
