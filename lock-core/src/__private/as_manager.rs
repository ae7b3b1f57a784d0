//! What `locks = ..` accepts.

use std::sync::Arc;

use crate::manager::LockManager;

/// A manager, or something that points to one.
#[diagnostic::on_unimplemented(
    message = "`locks` takes a `LockManager`, but this is `{Self}`",
    label = "not a `LockManager`",
    note = "a `LockManager`, a reference to one, and `Arc<LockManager>` are accepted",
    note = "what points to one in another way, as a `LazyLock` or a `Box`, is written with a star: `locks = *LOCKS`; of a decorator \
            write the manager in it"
)]
pub trait AsManager {
    /// A clone of it.
    fn to_manager(&self) -> LockManager;
}

impl AsManager for LockManager {
    fn to_manager(&self) -> LockManager {
        self.clone()
    }
}

#[diagnostic::do_not_recommend]
impl AsManager for crate::manager::MemoryLocks {
    fn to_manager(&self) -> LockManager {
        (**self).clone()
    }
}

#[diagnostic::do_not_recommend]
impl<T: AsManager + ?Sized> AsManager for &T {
    fn to_manager(&self) -> LockManager {
        (**self).to_manager()
    }
}

#[diagnostic::do_not_recommend]
impl<T: AsManager + ?Sized> AsManager for &mut T {
    fn to_manager(&self) -> LockManager {
        (**self).to_manager()
    }
}

#[diagnostic::do_not_recommend]
impl<T: AsManager + ?Sized> AsManager for Arc<T> {
    fn to_manager(&self) -> LockManager {
        (**self).to_manager()
    }
}
