//! How a function's return type carries a lock error.

use super::unreported::report;
use crate::error::LockError;

/// Return types of functions that the attribute can wrap.
///
/// They are `Result<T, E>` where `E: From<LockError>`, and, for functions that are skipped when their lock is busy
/// ([`Skippable`]), `()` and `Option<T>`, which have no way to carry a lock error: there it becomes an event of level ERROR
/// and is counted in [`unreported_errors`](crate::unreported_errors).
#[diagnostic::on_unimplemented(
    message = "a locked function cannot return `{Self}`",
    label = "write `Result<T, E>` where `E: From<LockError>`"
)]
pub trait LockOutcome {
    /// The lock's failure as the function's result.
    fn failed(error: LockError) -> Self;

    /// Whether this result is a failure of the body, which is always returned as it is.
    fn is_failure(&self) -> bool;
}

/// Return types that carry a lock error to the caller: `Result<T, E>` where `E: From<LockError>`, and types of your own that say
/// so.
///
/// ```
/// # #[cfg(feature = "macros")] mod example {
/// use lock_core::{LockError, LockManager, LockOutcome, Reporting, distributed_lock};
///
/// struct Response {
///     status: u16,
/// }
///
/// impl LockOutcome for Response {
///     fn failed(error: LockError) -> Self {
///         Self { status: if error.is_busy() { 409 } else { 503 } }
///     }
///
///     fn is_failure(&self) -> bool {
///         self.status >= 400
///     }
/// }
///
/// impl Reporting for Response {}
///
/// #[distributed_lock(prefix = "order", key = id, wait = "0s")]
/// async fn pay(id: u64) -> Response {
///     Response { status: 200 }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # pub
/// async fn main() -> Result<(), LockError> {
///     let locks = LockManager::memory()?;
///     assert_eq!(locks.scope(pay(42)).await.status, 200);
///     let _others = locks.hold("order:42")?;
///     assert_eq!(locks.scope(pay(42)).await.status, 409);
///     Ok(())
/// }
/// # }
/// # #[cfg(feature = "macros")] fn main() { example::main().unwrap() }
/// # #[cfg(not(feature = "macros"))] fn main() {}
/// ```
#[diagnostic::on_unimplemented(
    message = "a locked function cannot report a lock error through the return type `{Self}`",
    label = "write `Result<T, E>` where `E: From<LockError>`",
    note = "the lock may be busy, unavailable or lost; the function's return type must be able to say so",
    note = "with `thiserror`, a variant `Lock(#[from] LockError)` makes `E: From<LockError>`",
    note = "a function that returns `()` or `Option<T>` can be skipped while its lock is busy: `on_busy = \"skip\"`"
)]
pub trait Reporting: LockOutcome {}

/// Return types of functions with `on_busy = "skip"`: they can say that nothing was done.
#[diagnostic::on_unimplemented(
    message = "a function that returns `{Self}` cannot be skipped when its lock is busy",
    label = "write `Result<(), E>` or `Result<Option<T>, E>` where `E: From<LockError>`, `()` or `Option<T>`",
    note = "`E` carries a lock that is unavailable, refused or lost, which is an error and never a skip",
    note = "a function that has to return something else says so by an error: leave `on_busy` out, and look at \
            `LockError::is_busy` in the caller"
)]
pub trait Skippable: LockOutcome {
    /// The result of a call that was skipped.
    fn skipped() -> Self;
}

#[diagnostic::do_not_recommend]
impl<T, E: From<LockError>> LockOutcome for Result<T, E> {
    fn failed(error: LockError) -> Self {
        Err(error.into())
    }

    fn is_failure(&self) -> bool {
        self.is_err()
    }
}

#[diagnostic::do_not_recommend]
impl<T, E: From<LockError>> Reporting for Result<T, E> {}

#[diagnostic::do_not_recommend]
impl<E: From<LockError>> Skippable for Result<(), E> {
    fn skipped() -> Self {
        Ok(())
    }
}

#[diagnostic::do_not_recommend]
impl<T, E: From<LockError>> Skippable for Result<Option<T>, E> {
    fn skipped() -> Self {
        Ok(None)
    }
}

#[diagnostic::do_not_recommend]
impl LockOutcome for () {
    fn failed(error: LockError) -> Self {
        report(&error);
    }

    fn is_failure(&self) -> bool {
        false
    }
}

#[diagnostic::do_not_recommend]
impl Skippable for () {
    fn skipped() -> Self {}
}

#[diagnostic::do_not_recommend]
impl<T> LockOutcome for Option<T> {
    fn failed(error: LockError) -> Self {
        report(&error);
        None
    }

    fn is_failure(&self) -> bool {
        false
    }
}

#[diagnostic::do_not_recommend]
impl<T> Skippable for Option<T> {
    fn skipped() -> Self {
        None
    }
}

/// What a return type says of itself, taken along as values: the bound then stands in one place of the generated code, and
/// a wrong return type is reported once.
pub struct Outcome<R> {
    /// What becomes of a call whose lock was busy.
    busy: fn(LockError) -> R,
    failed: fn(LockError) -> R,
    is_failure: fn(&R) -> bool,
}

impl<R> Outcome<R> {
    /// Every lock error is the caller's.
    #[must_use]
    pub fn reporting() -> Self
    where
        R: Reporting,
    {
        Self { busy: R::failed, failed: R::failed, is_failure: R::is_failure }
    }

    /// A busy lock skips the call; every other lock error is the caller's, where the type can say it.
    #[must_use]
    pub fn skipping() -> Self
    where
        R: Skippable,
    {
        Self { busy: |_| R::skipped(), failed: R::failed, is_failure: R::is_failure }
    }

    /// The result of a call that did not get its lock.
    ///
    /// What could go wrong: a server that is away counts as busy, and a job is skipped for days without a word. It can't: busy
    /// is the one variant that is said only after a server said so.
    pub fn without_lock(&self, error: LockError) -> R {
        if error.is_busy() { (self.busy)(error) } else { (self.failed)(error) }
    }

    /// The lock's failure as the function's result.
    pub(super) fn failed(&self, error: LockError) -> R {
        (self.failed)(error)
    }

    pub(super) fn is_failure(&self, output: &R) -> bool {
        (self.is_failure)(output)
    }
}
