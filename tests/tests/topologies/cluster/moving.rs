//! Slots that move from node to node while their locks are in use.

use std::time::Duration;

use lock_tests::{Cluster, each_server, longest_gap, names_in_slot_of};

use super::load::Load;
use super::{PATIENCE, manager, play};

const LEASE: Duration = Duration::from_secs(1);

#[test]
fn locks_of_a_slot_that_moves_stay_exclusive_and_available() {
    each_server(|binary| {
        let cluster = Cluster::start(binary, 3, 0);
        play(&cluster, async |cluster| {
            let (here, there) = (manager(cluster).await, manager(cluster).await);
            let names = names_in_slot_of("a", 10);
            let slot = cluster.slot_of("LOCK:a");
            assert!(names.iter().all(|name| cluster.slot_of(&format!("LOCK:{name}")) == slot));
            // One lock is held all the time and waited for, one is wanted by many, the others come and go.
            let held = here.lock(names[0].as_str()).expire(LEASE).acquire().await.expect("it is free");
            let waiting = there.lock(names[0].as_str()).wait(PATIENCE * 2).acquire();
            let waiter = tokio::spawn(waiting);
            let mut load = Load::new();
            for locks in [&here, &there] {
                load.take(locks, &names[1..2]);
                load.take(locks, &names[1..2]);
                load.take(locks, &names[2..6]);
                load.take(locks, &names[6..]);
            }
            load.goes_on(Duration::ZERO, "before the slot moves").await;

            // There and back, so that a node meets a slot that it gave away.
            let mut migrations = 0;
            let home = cluster.owner(slot).expect("a node serves it");
            for to in [cluster.another_master(home), home] {
                let migration = cluster.migrate(slot, to);
                load.goes_on(LEASE * 3 / 2, "nothing has moved yet").await;
                for key in migration.keys_left() {
                    migration.move_key(&key);
                    load.goes_on(Duration::ZERO, "some keys have moved").await;
                }
                load.goes_on(LEASE * 3 / 2, "all keys have moved").await;
                migration.finish();
                load.goes_on(LEASE, "the slot has moved").await;
                migrations += 1;
                assert!(!held.is_lost(), "lost by migration {migrations}");
            }

            let first = held.token();
            held.release().await.expect("it is held");
            let next = waiter.await.expect("no panic").expect("its turn comes");
            assert!(next.token() > first);
            next.release().await.expect("it is held");
            let holds = load.end().await;
            let hot = format!("LOCK:{}", names[1]);
            eprintln!(
                "{}: a slot moved twice, {} holds, the hot lock was not granted for {:?} at most",
                binary.label(),
                holds.len(),
                longest_gap(&holds, &hot)
            );
        });
    });
}

#[test]
fn a_slot_that_moved_unseen_is_found() {
    each_server(|binary| {
        let cluster = Cluster::start(binary, 3, 0);
        play(&cluster, async |cluster| {
            let locks = manager(cluster).await;
            let held = locks.lock("a").expire(LEASE * 20).renew(false).acquire().await.expect("it is free");
            let slot = cluster.slot_of("LOCK:a");
            cluster.migrate(slot, cluster.another_master(cluster.master_of("LOCK:a"))).finish();
            // The first request after it is sent on, and does what it was to do.
            let busy = locks.lock("a").try_acquire().await.expect("the cluster answers");
            assert!(busy.is_none());
            held.release().await.expect("it is held");
            let again = locks.lock("a").try_acquire().await.expect("the cluster answers");
            again.expect("it is free").release().await.expect("it is held");
        });
    });
}
