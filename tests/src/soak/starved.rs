//! Moments in which a process did not run: it was stopped, or the machine was too busy.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use crate::now_ns;

const LOOK: Duration = Duration::from_millis(10);
/// A quarter of the shortest lease: later than this, a renewal may come too late.
const LATE: Duration = Duration::from_millis(50);

/// A thread that notices when it was kept from running; ends when this is dropped.
#[derive(Debug)]
pub(super) struct Watch(Arc<AtomicBool>);

impl Watch {
    /// Says to `noticed` since when, and until when, nothing ran.
    pub(super) fn start(noticed: impl Fn(u64, u64) + Send + 'static) -> Self {
        let ended = Arc::new(AtomicBool::new(false));
        let watch = Self(Arc::clone(&ended));
        thread::spawn(move || {
            let mut last = now_ns();
            while !ended.load(Ordering::Relaxed) {
                thread::sleep(LOOK);
                let now = now_ns();
                if now - last > u64::try_from((LOOK + LATE).as_nanos()).unwrap_or(0) {
                    noticed(last, now);
                }
                last = now;
            }
        });
        watch
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
