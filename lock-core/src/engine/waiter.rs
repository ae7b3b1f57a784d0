//! A local caller that waits for a lock.

use std::sync::Arc;
use std::time::Duration;

use super::effects::Effects;
use super::slot::{News, Slot};
use crate::backend::{Fault, FaultClass, HoldId, Mode, REQUEST_LIMIT, Via};
use crate::clock::Moment;
use crate::error::LockError;
use crate::holder::{Caller, Holder};
use crate::name::LockName;

/// Numbers the waiters of one engine.
pub(super) type WaiterKey = u64;

/// How a caller wants to hold a name: what a kind of lock comes down to here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Claim {
    pub(crate) mode: Mode,
    /// In strict order of arrival over all processes: a waiter of its own at the server. Otherwise all callers of this
    /// process are one waiter there, and pass the lock among themselves.
    pub(crate) strict: bool,
    /// The exclusive hold of this process that a shared one takes the place of.
    pub(crate) replaces: Option<HoldId>,
}

impl Claim {
    /// Alone; passed on within the process.
    pub(crate) const REENTRANT: Self = Self { mode: Mode::Exclusive, strict: false, replaces: None };
    /// Alone, in strict order.
    pub(crate) const FAIR: Self = Self { mode: Mode::Exclusive, strict: true, replaces: None };
    /// Beside other readers, in strict order.
    pub(crate) const READ: Self = Self { mode: Mode::Shared, strict: true, replaces: None };
}

/// What a caller wants.
#[derive(Clone, Debug)]
pub(crate) struct Want {
    pub(crate) name: LockName,
    pub(crate) claim: Claim,
    /// Recorded as the owner.
    pub(crate) record: String,
    pub(crate) caller: Caller,
    pub(crate) wait: Duration,
    pub(crate) expire: Duration,
    pub(crate) renew: bool,
    /// Renewals end so long after the hold began.
    pub(crate) max_hold: Option<Duration>,
    pub(crate) via: Via,
}

/// One caller in the local queue of a name.
pub(super) struct Waiter {
    pub(super) key: WaiterKey,
    pub(super) want: Want,
    pub(super) slot: Arc<Slot>,
    pub(super) since: Moment,
    /// The last release that this process had sent when it came.
    pub(super) last_closing: u64,
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
        LockError::Busy {
            key: self.want.name.to_string(),
            waited: now.since(self.since),
            holder,
            votes: None,
        }
    }

    pub(super) fn fault_error(&self, now: Moment, fault: &Fault) -> LockError {
        let key = self.want.name.to_string();
        let reason = fault.message.clone();
        match fault.class {
            FaultClass::Transient | FaultClass::Unavailable => {
                LockError::Unavailable { key, waited: now.since(self.since), reason }
            }
            FaultClass::Refused => LockError::Refused { key, reason },
            FaultClass::Foreign => LockError::ForeignData { key, masters: None },
        }
    }

    /// Ends its wait with an error.
    pub(super) fn fail(self, error: LockError, effects: &mut Effects) {
        effects.wake(self.slot.put(News::Failed(error)));
    }
}
