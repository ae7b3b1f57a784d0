//! Which line a caller stands in.

use crate::name::LockName;

/// A name, and who stands in line for it: all callers of this process who may pass the lock among themselves share one
/// line, and are one waiter at the server; every other caller has a line, and a place at the server, of its own.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct LineKey {
    pub(super) name: LockName,
    /// 0 for the shared line, else the caller's own number.
    pub(super) own: u64,
}

impl LineKey {
    pub(super) fn shared(name: LockName) -> Self {
        Self { name, own: 0 }
    }

    pub(super) fn is_shared(&self) -> bool {
        self.own == 0
    }
}
