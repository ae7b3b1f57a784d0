//! The clock of histories.

use lock_core::clock::{BootClock, Clock};

/// Nanoseconds on the clock that leases are measured by; one clock for all processes of a machine.
#[must_use]
pub fn now_ns() -> u64 {
    u64::try_from(BootClock.now().since_zero().as_nanos()).unwrap_or(u64::MAX)
}
