//! Virtual time, and the clocks by which clients and server see it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::clock::{Clock, Moment};

/// Virtual time, in µs since the world began.
pub(crate) type Micros = u64;

/// The time of the world. Clones show the same time.
#[derive(Clone, Debug, Default)]
pub(crate) struct VirtualTime(Arc<AtomicU64>);

impl VirtualTime {
    pub(crate) fn now(&self) -> Micros {
        self.0.load(Ordering::Relaxed)
    }

    pub(crate) fn set(&self, now: Micros) {
        self.0.store(now, Ordering::Relaxed);
    }
}

/// One machine's clock: starts anywhere and runs a little too fast or too slow.
#[derive(Clone, Debug)]
pub(crate) struct MachineClock {
    time: VirtualTime,
    base: Micros,
    /// How much too fast, in parts per million.
    drift: i64,
}

impl MachineClock {
    pub(crate) fn new(time: &VirtualTime, base: Micros, drift: i64) -> Self {
        Self { time: time.clone(), base, drift }
    }

    pub(crate) fn micros(&self) -> Micros {
        let time = self.time.now();
        let drifted = (time as i64) * self.drift / 1_000_000;
        self.base + time.saturating_add_signed(drifted)
    }

    /// The first virtual time at which this clock shows `moment`.
    pub(crate) fn when(&self, moment: Moment) -> Micros {
        if moment == Moment::NEVER {
            return Micros::MAX;
        }
        let nanos = moment.since_zero().as_nanos().div_ceil(1000);
        let Ok(shown) = u64::try_from(nanos) else {
            return Micros::MAX;
        };
        let Some(passed) = shown.checked_sub(self.base) else {
            return 0;
        };
        let rate = (1_000_000 + self.drift) as u128;
        u64::try_from((u128::from(passed) * 1_000_000).div_ceil(rate)).map_or(Micros::MAX, |at| at + 1)
    }
}

impl Clock for MachineClock {
    fn now(&self) -> Moment {
        Moment::new(Duration::from_micros(self.micros()))
    }

    fn is_real(&self) -> bool {
        false
    }
}
