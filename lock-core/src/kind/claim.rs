//! What a kind comes down to at a server.

use crate::engine::Claim;
use crate::params::LockKind;

/// How a call of that kind claims its name.
pub(crate) fn claim_of(kind: LockKind) -> Claim {
    match kind {
        LockKind::Reentrant => Claim::REENTRANT,
        LockKind::Read => Claim::READ,
        // Never passed on within a process: several names, or several masters, would be passed one without the others,
        // and a fence that was passed on is not a new one.
        LockKind::Fair | LockKind::Write | LockKind::Multi | LockKind::Red => Claim::FAIR,
    }
}

/// How each of several names is claimed.
pub(crate) fn member_claim(read: bool) -> Claim {
    claim_of(if read { LockKind::Read } else { LockKind::Multi })
}
