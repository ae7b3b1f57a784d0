//! Moments in which a process did not run: it was stopped, or the machine was too busy.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use crate::now_ns;

const LOOK: Duration = Duration::from_millis(10);
/// A quarter of the shortest lease: later than this, a renewal may come too late.
const LATE: Duration = Duration::from_millis(50);

/// A thread that notices when it was kept from running; ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Watch(Arc<AtomicBool>);

impl Watch {
    /// Says to `noticed` since when, and until when, nothing ran.
    pub(crate) fn start(noticed: impl Fn(u64, u64) + Send + 'static) -> Self {
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

/// A clock that stands still while this process is kept from running for longer than 60 ms, as far as that is seen.
#[derive(Debug)]
pub struct Stopwatch {
    start_ns: u64,
    starved_ns: Arc<AtomicU64>,
    _watch: Watch,
}

impl Stopwatch {
    /// Begins at zero.
    #[must_use]
    pub fn start() -> Self {
        let starved_ns = Arc::new(AtomicU64::new(0));
        let noted = Arc::clone(&starved_ns);
        let watch = Watch::start(move |from, until| {
            noted.fetch_add(until - from, Ordering::Relaxed);
        });
        Self { start_ns: now_ns(), starved_ns, _watch: watch }
    }

    /// What it shows.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        let starved_ns = self.starved_ns.load(Ordering::Relaxed);
        Duration::from_nanos((now_ns() - self.start_ns).saturating_sub(starved_ns))
    }
}
