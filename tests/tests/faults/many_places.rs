//! A process that has many places in a queue and is not heard of any more.

use std::time::Instant;

use lock_core::LockKind;
use lock_tests::{Proxy, Stage, each_server, until_async};
use tokio::task::JoinHandle;

use crate::queue::{LEASE, PATIENCE, Queue, REFRESH, SLACK, Waiter};

const PLACES: [&str; 6] = ["dead 0", "dead 1", "dead 2", "dead 3", "dead 4", "dead 5"];

/// A process with many places meets its fate; those around it are served in order. Its own are returned.
async fn costs_grants_at_most(grants: u32, queue: &Queue<'_>, meets_it: impl FnOnce(&Proxy)) -> Vec<Waiter> {
    let held = queue.hold().await;
    let first = queue.waits(&queue.near[0], "first", LockKind::Fair, PATIENCE).await;
    let mut dead = Vec::new();
    for who in PLACES {
        dead.push(queue.waits(&queue.far, who, LockKind::Fair, PATIENCE).await);
    }
    let last = queue.waits(&queue.near[1], "last", LockKind::Fair, PATIENCE).await;
    let very_last = queue.waits(&queue.near[0], "very last", LockKind::Fair, PATIENCE).await;
    meets_it(&queue.proxy);
    let met = Instant::now();
    held.release().await.expect("it is held");
    queue.serves("first", SLACK).await;
    queue.serves("last", PATIENCE).await;
    let cost = met.elapsed();
    eprintln!("{} places cost {cost:?}, and may cost {grants} unclaimed grants", PLACES.len());
    assert!(cost < grants * LEASE + REFRESH + SLACK, "{cost:?}");
    Queue::all(vec![first, last, very_last]).await;
    queue.in_order(&["first", "last", "very last"]);
    dead
}

/// The first of its places is granted the lock when it has just been cut off, and the second one's heartbeat still runs then:
/// it is waited for until that ends, which is when all others' do.
#[test]
fn a_process_with_many_places_that_is_cut_off_costs_two_unclaimed_grants_at_most() {
    each_server(|binary| {
        Stage::on(binary).play(async |stage: &Stage| {
            let queue = Queue::start(stage).await;
            let back = costs_grants_at_most(2, &queue, |proxy| proxy.black_hole(true)).await;
            // They come back to their places, not in the order in which they are heard again.
            let held = queue.hold().await;
            let length = queue.stage.record_length("a").expect("it is on a server");
            queue.proxy.heal();
            until_async(PATIENCE, "all are in the queue again", || {
                queue.stage.record_length("a") >= Some(length + 32 * PLACES.len())
            })
            .await;
            held.release().await.expect("it is held");
            Queue::all(back).await;
            queue.in_order(&[&["first", "last", "very last"], &PLACES[..]].concat());
            queue.is_empty().await;
        });
    });
}

/// The server sees what it sees of a process that is killed: connections that end. That nobody listens may also be said of a
/// process whose subscription is on its way back, so it costs no less.
#[test]
fn a_process_with_many_places_that_dies_costs_two_unclaimed_grants_at_most() {
    each_server(|binary| {
        Stage::on(binary).play(async |stage: &Stage| {
            let queue = Queue::start(stage).await;
            let dies = |proxy: &Proxy| {
                proxy.refuse(true);
                proxy.cut();
            };
            let dead = costs_grants_at_most(2, &queue, dies).await;
            assert!(dead.iter().all(|waiter| !waiter.is_finished()), "it is cut off all the while");
            dead.iter().for_each(JoinHandle::abort);
        });
    });
}
