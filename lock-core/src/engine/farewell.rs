//! The last releases of a thread, and so of a process.
//!
//! What could go wrong: `main` drops a guard and returns, and the process is gone before the engine's thread has sent the release:
//! the lock stays until its lease is over. It can't, where thread-locals are dropped when `main` returns (glibc does so): a thread that has
//! released something waits at its end until the server has answered, for [`LIMIT`] at most.

use std::cell::RefCell;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use super::shared::Shared;

/// How long a thread that ends waits at most, whatever it has left to how many engines.
const LIMIT: Duration = Duration::from_millis(250);
const LOOK_EVERY: Duration = Duration::from_millis(1);

thread_local! {
    static FAREWELL: Farewell = const { Farewell(RefCell::new(Vec::new())) };
}

/// The engines that this thread has left releases to.
struct Farewell(RefCell<Vec<Weak<Shared>>>);

/// This thread has left a release to the engine of `shared`.
pub(super) fn leave_to(shared: &Arc<Shared>) {
    // A clock that is moved by hand is moved by this thread, if by anybody.
    if !shared.clock.is_real() {
        return;
    }
    // A thread that is ending waits for what it left before.
    let _ = FAREWELL.try_with(|farewell| {
        let mut engines = farewell.0.borrow_mut();
        if !engines.iter().any(|known| std::ptr::eq(known.as_ptr(), Arc::as_ptr(shared))) {
            engines.retain(|known| known.strong_count() > 0);
            engines.push(Arc::downgrade(shared));
        }
    });
}

impl Drop for Farewell {
    fn drop(&mut self) {
        let until = Instant::now() + LIMIT;
        for engine in self.0.get_mut().iter().filter_map(Weak::upgrade) {
            while engine.has_unanswered_releases() && Instant::now() < until {
                std::thread::sleep(LOOK_EVERY);
            }
        }
    }
}
