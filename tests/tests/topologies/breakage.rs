//! What a breakage costs, and what has to be known before it.

use std::time::Duration;

use lock_tests::{Binary, Server, until_async};

use super::PATIENCE;

/// Says how long nobody could take a lock that many want, because of `what` on a `topology`; that must not be longer than
/// `limit`.
pub(crate) fn nobody_could_acquire(
    binary: &Binary,
    topology: &str,
    what: &str,
    gap: Duration,
    limit: Duration,
) {
    let line =
        format!("{}, {topology}, {what}: nobody could acquire for {gap:?}, limit {limit:?}", binary.label());
    eprintln!("{line}");
    assert!(gap < limit, "{line}");
}

/// Waits until `replica` has the record of `key` as its master has it: what was in it before survives the master.
pub(crate) async fn replicated(master: &Server, replica: &Server, key: &str) {
    let mut there = replica.connect().expect("it listens");
    // Refused where there is no cluster, and not needed there.
    there.command(&["READONLY"]).expect("it answers");
    until_async(PATIENCE, "the record is replicated", || {
        let record = master.must(&["DUMP", key]);
        let copy = there.command(&["DUMP", key]).expect("it answers");
        record == copy && record.text().is_some()
    })
    .await;
}
