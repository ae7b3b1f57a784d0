//! The full name of a lock, as the server knows it.

mod slot;

use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

#[cfg(feature = "redis")]
pub(crate) use self::slot::SLOTS;
pub(crate) use self::slot::slot_of;

/// The full name of a lock, `LOCK:order:42`: the key under which the server keeps it. Cheap to clone.
///
/// Names are made by a [`LockManager`](crate::LockManager) out of its namespace and a [`LockKey`](crate::LockKey);
/// they are bounded (255 bytes) and hold nothing that a log or Redis would interpret.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LockName(Arc<str>);

impl LockName {
    /// Only the joiner in `key` makes names, so that every name is encoded and bounded.
    pub(crate) fn new(encoded: &str) -> Self {
        Self(Arc::from(encoded))
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The hash slot of a cluster that it belongs to, and with it everything that is kept for it.
    #[must_use]
    pub fn slot(&self) -> u16 {
        slot_of(&self.0)
    }
}

impl fmt::Display for LockName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for LockName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", &*self.0)
    }
}

impl AsRef<str> for LockName {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

/// Maps keyed by names are searched by text. Equality, order and hash are those of the text.
impl Borrow<str> for LockName {
    fn borrow(&self) -> &str {
        &self.0
    }
}
