//! A local caller that waits for a lock.

use std::sync::Arc;
use std::time::Duration;

use super::effects::Effects;
use super::slot::{News, Slot};
use crate::backend::{Fault, FaultClass, REQUEST_LIMIT, Via};
use crate::clock::Moment;
use crate::error::LockError;
use crate::holder::Holder;
use crate::name::LockName;

/// Numbers the waiters of one engine.
pub(super) type WaiterKey = u64;

/// What a caller wants.
#[derive(Clone, Debug)]
pub(crate) struct Want {
    pub(crate) name: LockName,
    /// Recorded as the owner.
    pub(crate) record: String,
    pub(crate) wait: Duration,
    pub(crate) expire: Duration,
    pub(crate) renew: bool,
    pub(crate) via: Via,
}

/// One caller in the local queue of a name.
pub(super) struct Waiter {
    pub(super) key: WaiterKey,
    pub(super) want: Want,
    pub(super) slot: Arc<Slot>,
    pub(super) since: Moment,
    /// The last fault met on its behalf.
    pub(super) fault: Option<Fault>,
    /// An offer was made to it that it has not come for yet.
    pub(super) offered: bool,
    /// A reply, or this process itself, has said since it came that others have the lock.
    pub(super) found_busy: bool,
    /// It let an offer run out: nothing is asked on its behalf until it is polled again, or a blocked runtime would cost
    /// the others one short lease after the other.
    pub(super) asleep: bool,
}

impl Waiter {
    /// Whether it joins queues.
    pub(super) fn is_patient(&self) -> bool {
        !self.want.wait.is_zero()
    }

    pub(super) fn deadline(&self) -> Moment {
        self.since + self.want.wait
    }

    /// The end of its wait: the deadline, but the first attempt may take the request limit.
    pub(super) fn gives_up_at(&self, answered: bool) -> Moment {
        if answered { self.deadline() } else { self.deadline().max(self.since + REQUEST_LIMIT) }
    }

    pub(super) fn busy(&self, now: Moment, holder: Option<Holder>) -> LockError {
        LockError::Busy { key: self.want.name.to_string(), waited: now.since(self.since), holder }
    }

    pub(super) fn fault_error(&self, now: Moment, fault: &Fault) -> LockError {
        let key = self.want.name.to_string();
        let reason = fault.message.clone();
        match fault.class {
            FaultClass::Transient | FaultClass::Unavailable => {
                LockError::Unavailable { key, waited: now.since(self.since), reason }
            }
            FaultClass::Refused => LockError::Refused { key, reason },
            FaultClass::Foreign => LockError::ForeignData { key },
        }
    }

    /// Ends its wait with an error.
    pub(super) fn fail(self, error: LockError, effects: &mut Effects) {
        effects.wake(self.slot.put(News::Failed(error)));
    }
}
