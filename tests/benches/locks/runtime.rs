//! The runtimes that tasks are measured on.

use tokio::runtime::{Builder, Runtime};

/// Two workers.
pub(crate) fn multi_thread() -> Runtime {
    Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

/// The thread that calls.
pub(crate) fn current_thread() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}
