//! How many deployments run at once.

use std::sync::{Condvar, Mutex};

/// One for each server of [`each_server`](crate::each_server). More, and the sentinels of a busy machine see masters die
/// that did not.
const MOST: usize = 3;

static RUNNING: Mutex<usize> = Mutex::new(0);
static ENDED: Condvar = Condvar::new();

/// The right to run a deployment, given back when dropped.
#[derive(Debug)]
pub(super) struct Turn(());

impl Turn {
    /// Waits until it is this thread's turn. A thread that has one must not ask for another.
    pub(super) fn wait() -> Self {
        let running = RUNNING.lock().expect("no panic inside");
        let mut running = ENDED.wait_while(running, |running| *running >= MOST).expect("no panic inside");
        *running += 1;
        Self(())
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        *RUNNING.lock().expect("no panic inside") -= 1;
        ENDED.notify_one();
    }
}
