//! Lock errors that no return type carries.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::error::LockError;

static COUNT: AtomicU64 = AtomicU64::new(0);

pub(super) fn report(error: &LockError) {
    COUNT.fetch_add(1, Ordering::Relaxed);
    tracing::error!(
        lock.key = error.key(),
        %error,
        "a function that is skipped when its lock is busy failed for another reason, which its return type cannot say"
    );
}

/// How many lock errors in this process no caller was told of: those of functions with `on_busy = "skip"` that return `()` or
/// `Option<T>`. Each was an event of level ERROR too. That a lock was busy is not among them.
#[must_use]
pub fn unreported_errors() -> u64 {
    COUNT.load(Ordering::Relaxed)
}
