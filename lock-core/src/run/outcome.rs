//! How a function's return type carries a lock error.

use crate::error::LockError;

/// Return types of functions that the attribute can wrap: `Result<T, E>` where `E: From<LockError>`.
#[diagnostic::on_unimplemented(
    message = "a locked function cannot report a lock error through the return type `{Self}`",
    label = "write `Result<T, E>` where `E: From<LockError>`",
    note = "the lock may be busy, unavailable or lost; the function's return type must be able to say so",
    note = "with `thiserror`, a variant `Lock(#[from] LockError)` makes `E: From<LockError>`"
)]
pub trait LockOutcome {
    /// The lock's failure as the function's result.
    fn failed(error: LockError) -> Self;

    /// Whether this result is a failure of the body, which is always returned as it is.
    fn is_failure(&self) -> bool;
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

/// What a return type says of itself, taken along as values: the bound then stands in one place of the generated code, and
/// a wrong return type is reported once.
pub struct Outcome<R> {
    failed: fn(LockError) -> R,
    is_failure: fn(&R) -> bool,
}

impl<R> Outcome<R> {
    /// That of the return type `R`.
    #[must_use]
    pub fn of() -> Self
    where
        R: LockOutcome,
    {
        Self { failed: R::failed, is_failure: R::is_failure }
    }

    /// The lock's failure as the function's result.
    pub fn failed(&self, error: LockError) -> R {
        (self.failed)(error)
    }

    pub(super) fn is_failure(&self, output: &R) -> bool {
        (self.is_failure)(output)
    }
}
