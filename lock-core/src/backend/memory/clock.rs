//! A clock that moves only when told to.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::clock::{Clock, Moment};

/// A clock for tests: it stands still until [`advance`](Self::advance) is called. Clones show the same time.
#[derive(Clone, Debug)]
pub struct ManualClock(Arc<Mutex<Duration>>);

impl ManualClock {
    /// A clock that shows one hour: far enough from zero that no subtraction in a test saturates by accident.
    #[must_use]
    pub fn new() -> Self {
        Self(Arc::new(Mutex::new(Duration::from_secs(3600))))
    }

    /// Moves the clock forward.
    pub fn advance(&self, by: Duration) {
        let mut now = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *now = now.saturating_add(by);
    }
}

impl Default for ManualClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Moment {
        Moment::new(*self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn is_real(&self) -> bool {
        false
    }
}
