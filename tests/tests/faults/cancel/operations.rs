//! What is dropped, and what must be true afterwards.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use lock_core::LockGuard;
use lock_tests::Direction;

use super::kinds::Kind;
use super::network::Network;
use super::stepping::drop_at;

pub(super) const LEASE: Duration = Duration::from_secs(60);
const PATIENCE: Duration = Duration::from_secs(20);

/// What can be done with a lock that takes time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operation {
    /// It is free.
    Acquire,
    /// It is free, and the connection is yet to be opened.
    FirstAcquire,
    /// Somebody has it, and frees it when this waits.
    Wait,
    Extend,
    Release,
    /// All of it: taken, a body run, freed.
    Run,
    Downgrade,
}

/// Drops `operation` at each point until it ends without; returns at how many points that was.
pub(super) async fn at_every_point(
    network: &Network,
    kind: Kind,
    operation: Operation,
    direction: Direction,
) -> usize {
    for point in 0.. {
        let ended = at_point(network, kind, operation, direction, point).await;
        network.hold_back(direction, false);
        // Whatever is left would be in the way for a minute.
        let next = kind.alone(&network.near).wait(PATIENCE).acquire().await;
        let next = next.unwrap_or_else(|error| panic!("{operation:?} dropped at {point}: {error}"));
        next.release().await.expect("it is held");
        network.nothing_is_left().await;
        if ended {
            return point;
        }
    }
    0
}

async fn at_point(
    network: &Network,
    kind: Kind,
    operation: Operation,
    direction: Direction,
    point: usize,
) -> bool {
    let lock = || kind.lock(&network.far).expire(LEASE).wait(PATIENCE);
    let take = async || lock().acquire().await.expect("nothing was left");
    let held_back = |guard| {
        network.hold_back(direction, true);
        guard
    };
    let ended = match operation {
        Operation::Acquire => {
            network.hold_back(direction, true);
            let outcome = drop_at(point, network, direction, lock().acquire()).await;
            outcome.map(|guard| drop(guard.expect("it is free")))
        }
        Operation::FirstAcquire => {
            let newcomer = network.newcomer().await;
            network.hold_back(direction, true);
            let acquire = kind.lock(&newcomer).expire(LEASE).wait(PATIENCE).acquire();
            let outcome = drop_at(point, network, direction, acquire).await;
            outcome.map(|guard| drop(guard.expect("it is free")))
        }
        Operation::Wait => {
            let held = kind.alone(&network.near).expire(LEASE).acquire().await.expect("nothing was left");
            let alone = network.record_length();
            network.hold_back(direction, true);
            let over = Arc::new(AtomicBool::new(false));
            let waiting = drop_at(point, network, direction, lock().acquire());
            let (outcome, ()) = tokio::join!(
                async {
                    let outcome = waiting.await;
                    over.store(true, Ordering::SeqCst);
                    outcome
                },
                free_when_somebody_waits(network, held, alone, &over),
            );
            outcome.map(|guard| drop(guard.expect("it is freed")))
        }
        Operation::Extend => {
            let guard = held_back(take().await);
            let held = guard.held();
            let outcome = drop_at(point, network, direction, held.extend(2 * LEASE)).await;
            network.hold_back(direction, false);
            let other = kind.alone(&network.near).try_acquire().await.expect("an answer");
            assert!(other.is_none() && !guard.is_lost(), "dropped at {point}: no more than the wish is gone");
            guard.release().await.expect("it is held");
            outcome.map(|extended| extended.expect("it is held"))
        }
        Operation::Release => {
            let guard = held_back(take().await);
            let outcome = drop_at(point, network, direction, guard.release()).await;
            outcome.map(|released| released.expect("it is held"))
        }
        Operation::Run => {
            network.hold_back(direction, true);
            let outcome = drop_at(point, network, direction, lock().run(async {})).await;
            outcome.map(|done| done.expect("it is free"))
        }
        Operation::Downgrade => {
            let guard = held_back(take().await);
            let outcome = drop_at(point, network, direction, guard.downgrade()).await;
            outcome.map(|guard| drop(guard.expect("it is held")))
        }
    };
    ended.is_some()
}

/// Frees the lock when a waiter has come into its queue, or stays away for good.
async fn free_when_somebody_waits(network: &Network, held: LockGuard, alone: usize, over: &AtomicBool) {
    // A place in the queue makes the record longer by an id.
    while !over.load(Ordering::SeqCst) && network.record_length() < alone + 32 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    held.release().await.expect("it is held");
}
