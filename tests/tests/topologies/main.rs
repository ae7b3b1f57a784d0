//! Locks where there is more than one server.

mod addresses;
mod breakage;
mod cluster;
mod history;
mod load;
mod parties;
mod red;
mod rotation;
mod sentinel;

use std::time::Duration;

/// Past this something is wrong.
const PATIENCE: Duration = Duration::from_secs(20);

/// Plays in a runtime of its own.
fn play(test: impl AsyncFn()) {
    const LIMIT: Duration = Duration::from_secs(120);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime can be built");
    runtime.block_on(async {
        let ended = tokio::time::timeout(LIMIT, test()).await;
        assert!(ended.is_ok(), "hangs: not over after {LIMIT:?}");
    });
}
