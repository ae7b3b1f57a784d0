//! Every future of a lock, dropped at every moment at which it can be dropped, on a network that moves only when it is told.
//! The leases are long: what is not undone would be seen.

mod kinds;
mod network;
mod operations;
mod stepping;

use lock_tests::{Direction, oldest_and_newest};

use kinds::Kind;
use network::Network;

/// All operations of one kind.
fn every_point(kind: Kind) {
    oldest_and_newest(|binary| {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        runtime.expect("a runtime").block_on(async {
            let network = Network::start(binary, kind).await;
            let mut all = 0;
            for operation in kind.operations() {
                for direction in [Direction::ToServer, Direction::ToClient] {
                    let points = operations::at_every_point(&network, kind, *operation, direction).await;
                    eprintln!(
                        "on {}: {kind:?}, {operation:?}, {direction:?}: {points} points",
                        binary.label()
                    );
                    assert!(points > 0, "it waits for nothing");
                    all += points;
                }
            }
            eprintln!("on {}: {kind:?}: dropped at {all} points, nothing left", binary.label());
        });
    });
}

#[test]
fn a_reentrant_lock_dropped_at_any_point_leaves_nothing() {
    every_point(Kind::Reentrant);
}

#[test]
fn a_fair_lock_dropped_at_any_point_leaves_nothing() {
    every_point(Kind::Fair);
}

#[test]
fn a_read_lock_dropped_at_any_point_leaves_nothing() {
    every_point(Kind::Read);
}

#[test]
fn a_write_lock_dropped_at_any_point_leaves_nothing() {
    every_point(Kind::Write);
}

#[test]
fn a_lock_of_several_names_dropped_at_any_point_leaves_nothing() {
    every_point(Kind::Several);
}

#[test]
fn a_red_lock_dropped_at_any_point_leaves_nothing() {
    every_point(Kind::Red);
}
