//! A lock taken by nobody in particular, for tests of what happens when it is busy.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use super::store::{Delivery, Store};
use crate::backend::{Acquire, HoldId, Mode, Operation, Reply};
use crate::name::LockName;
use crate::params::MAX_EXPIRE;

/// A hold of somebody unknown; dropping it frees the lock, and hands it over if anybody waits.
#[must_use = "the lock is freed when this is dropped"]
pub struct ForeignHold(Arc<Inner>);

/// To take more under the same hold, as long as that lasts.
#[derive(Debug)]
pub(crate) struct WeakForeignHold(Weak<Inner>);

struct Inner {
    store: Arc<Store>,
    id: HoldId,
    names: Mutex<Vec<LockName>>,
}

impl ForeignHold {
    pub(crate) fn take(store: Arc<Store>, name: &LockName) -> Option<Self> {
        let inner = Inner { store, id: HoldId::new("somebody else"), names: Mutex::default() };
        inner.take(name).then(|| Self(Arc::new(inner)))
    }

    /// Takes another lock too; `false` if that is held or waited for.
    pub(crate) fn take_too(&self, name: &LockName) -> bool {
        self.0.take(name)
    }

    pub(crate) fn downgrade(&self) -> WeakForeignHold {
        WeakForeignHold(Arc::downgrade(&self.0))
    }

    /// Frees the lock; the same as dropping it.
    pub fn free(self) {}
}

impl WeakForeignHold {
    pub(crate) fn is_over(&self) -> bool {
        self.0.strong_count() == 0
    }

    /// [`ForeignHold::take_too`], if it still lasts.
    pub(crate) fn take_too(&self, name: &LockName) {
        if let Some(inner) = self.0.upgrade() {
            inner.take(name);
        }
    }
}

impl Inner {
    fn take(&self, name: &LockName) -> bool {
        if self.names().contains(name) {
            return true;
        }
        let operation = Operation::Acquire(Acquire {
            mode: Mode::Exclusive,
            replaces: None,
            lease_ms: u64::try_from(MAX_EXPIRE.as_millis()).unwrap_or(u64::MAX),
            not_after_ms: u64::MAX,
            place: None,
        });
        let outcome = self.store.run(name.as_str(), &self.id, &operation);
        let held = matches!(outcome.reply, Ok(Reply::Held { .. }));
        if held {
            self.names().push(name.clone());
        }
        outcome.deliveries.into_iter().for_each(Delivery::deliver);
        held
    }

    fn names(&self) -> MutexGuard<'_, Vec<LockName>> {
        self.names.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        for name in std::mem::take(&mut *self.names()) {
            let outcome = self.store.run(name.as_str(), &self.id, &Operation::Forget { entry: None });
            outcome.deliveries.into_iter().for_each(Delivery::deliver);
        }
    }
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ForeignHold").field("names", &self.names()).finish_non_exhaustive()
    }
}

impl fmt::Debug for ForeignHold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
