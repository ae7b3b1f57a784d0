//! The trait of what makes keys from calls.

use super::error::KeyError;
use super::join_point::JoinPoint;
use super::lock_key::LockKey;

/// Makes the key of a lock from the call: `key_generator = ..` on a function, or
/// [`ManagerBuilder::key_generator`](crate::ManagerBuilder::key_generator) for all functions.
///
/// What it returns are key parts, never a finished name: the manager puts namespace, prefix and name in front, and encodes the
/// parts, so that no two keys meet by accident.
///
/// It is asked in each call, before the lock is taken, on the caller's thread: it should neither block nor panic. Closures are
/// generators too, and one that stands in the attribute sees the function's parameters with their types.
///
/// ```
/// use lock_core::{JoinPoint, KeyError, LockKey, LockKeyGenerator};
///
/// struct ByTenant {
///     tenant: String,
/// }
///
/// impl LockKeyGenerator for ByTenant {
///     fn lock_key(&self, call: &JoinPoint<'_>) -> Result<LockKey, KeyError> {
///         if self.tenant.is_empty() {
///             return Err(KeyError::custom("no tenant: call it behind the tenant filter"));
///         }
///         // Jobs of the whole service are one for all tenants: their key stays as it is.
///         if call.prefix().is_none() {
///             return call.key_as_is();
///         }
///         call.key_behind(&self.tenant)
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no key generator",
    label = "this makes no lock key",
    note = "write a closure, `|call: &JoinPoint<'_>| call.key_behind(tenant)`, or implement `LockKeyGenerator`"
)]
pub trait LockKeyGenerator {
    /// The key of this call's lock.
    ///
    /// # Errors
    ///
    /// Why there is none, as a [`KeyError::custom`] for example: the call then fails with
    /// [`LockError::Key`](crate::LockError::Key) and its body does not run.
    fn lock_key(&self, call: &JoinPoint<'_>) -> Result<LockKey, KeyError>;

    /// The keys of this call's locks, which are taken together, all or none; by default the one of
    /// [`lock_key`](Self::lock_key). This is what `key_generator = ..` asks for. A manager's generator is asked by `lock_key`,
    /// once for each key.
    ///
    /// # Errors
    ///
    /// As [`lock_key`](Self::lock_key). No key at all is an error too.
    fn lock_keys(&self, call: &JoinPoint<'_>) -> Result<Vec<LockKey>, KeyError> {
        Ok(vec![self.lock_key(call)?])
    }
}

#[diagnostic::do_not_recommend]
impl<F: Fn(&JoinPoint<'_>) -> Result<LockKey, KeyError>> LockKeyGenerator for F {
    fn lock_key(&self, call: &JoinPoint<'_>) -> Result<LockKey, KeyError> {
        self(call)
    }
}
