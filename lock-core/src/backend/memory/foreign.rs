//! A lock taken by nobody in particular, for tests of what happens when it is busy.

use std::fmt;
use std::sync::Arc;

use super::store::{Delivery, Store};
use crate::backend::{Acquire, HoldId, Mode, Operation, Reply};
use crate::name::LockName;
use crate::params::MAX_EXPIRE;

/// A hold of somebody unknown; dropping it frees the lock, and hands it over if anybody waits.
#[must_use = "the lock is freed when this is dropped"]
pub struct ForeignHold {
    store: Arc<Store>,
    name: LockName,
    id: HoldId,
}

impl ForeignHold {
    pub(crate) fn take(store: Arc<Store>, name: &LockName) -> Option<Self> {
        let id = HoldId::new("somebody else");
        let operation = Operation::Acquire(Acquire {
            mode: Mode::Exclusive,
            replaces: None,
            lease_ms: u64::try_from(MAX_EXPIRE.as_millis()).unwrap_or(u64::MAX),
            not_after_ms: u64::MAX,
            place: None,
        });
        let outcome = store.run(name.as_str(), &id, &operation);
        let held = matches!(outcome.reply, Reply::Held { .. });
        outcome.deliveries.into_iter().for_each(Delivery::deliver);
        held.then(|| Self { store, name: name.clone(), id })
    }

    /// Frees the lock; the same as dropping it.
    pub fn free(self) {}
}

impl Drop for ForeignHold {
    fn drop(&mut self) {
        let operation = Operation::Forget { entry: None };
        let outcome = self.store.run(self.name.as_str(), &self.id, &operation);
        outcome.deliveries.into_iter().for_each(Delivery::deliver);
    }
}

impl fmt::Debug for ForeignHold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ForeignHold").field("name", &self.name).finish_non_exhaustive()
    }
}
