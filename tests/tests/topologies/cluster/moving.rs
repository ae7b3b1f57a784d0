//! Slots that move from node to node while their locks are in use.

use std::time::Duration;

use lock_tests::{Cluster, each_server, longest_gap, names_in_slot_of};

use super::redirects::Redirects;
use super::{FAR, manager, play};
use crate::breakage::nobody_could_acquire;
use crate::history::History;
use crate::load::{self, Load};
use crate::parties::{Parties, casts, near_names};

const LEASE: Duration = Duration::from_secs(1);
/// What was just granted may be over only with its lease; the rest is for a busy machine.
const LIMIT: Duration = load::LEASE.saturating_add(Duration::from_secs(2));

#[test]
fn locks_of_all_kinds_in_a_slot_that_moves_stay_exclusive_and_available() {
    each_server(|binary| {
        let cluster = Cluster::start(binary, 3, 0);
        play(&cluster, async |cluster| {
            let (here, there) = (manager(cluster).await, manager(cluster).await);
            let names = names_in_slot_of("a", 9 + near_names(FAR.len()));
            let slot = cluster.slot_of("LOCK:a");
            assert!(names.iter().all(|name| cluster.slot_of(&format!("LOCK:{name}")) == slot));
            // Some are held all the time and waited for, one is wanted by many, the others come and go.
            let (names, near) = names.split_at(9);
            let history = History::new();
            let casts = casts(near, &FAR.map(str::to_owned));
            let parties = Parties::gather(cluster, casts, LEASE, &history.recorder).await;
            let mut load = Load::new(&history.recorder);
            for locks in [&here, &there] {
                load.take(locks, &names[..1]);
                load.take(locks, &names[..1]);
                load.take(locks, &names[1..5]);
                load.take(locks, &names[5..]);
            }
            load.goes_on(Duration::ZERO, "before the slot moves").await;

            // There and back, so that a node meets a slot that it gave away.
            let home = cluster.owner(slot).expect("a node serves it");
            for to in [cluster.another_master(home), home] {
                let before = Redirects::so_far(cluster);
                let migration = cluster.migrate(slot, to);
                load.goes_on(LEASE * 3 / 2, "nothing has moved yet").await;
                parties.hold_on();
                for key in migration.keys_left() {
                    migration.move_key(&key);
                    load.goes_on(Duration::ZERO, "some keys have moved").await;
                }
                load.goes_on(LEASE * 3 / 2, "all keys have moved").await;
                parties.hold_on();
                migration.finish();
                load.goes_on(LEASE, "the slot has moved").await;
                parties.go_on(|name| cluster.master_of(name)).await;
                let redirects = Redirects::so_far(cluster).since(&before);
                eprintln!("{}, cluster, a slot moves: {redirects:?}", binary.label());
                assert!(redirects.ask > 0 && redirects.moved > 0, "{redirects:?}");
                // Older ones say ASK then, too.
                assert!(redirects.try_again > 0 || !binary.is_at_least(7), "{redirects:?}");
            }

            let played = parties.hand_over().await;
            load.goes_on(Duration::ZERO, "after all").await;
            load.end().await;
            let holds = history.right();
            played.judge(&holds);
            let gap = longest_gap(&holds, &format!("LOCK:{}", names[0]));
            nobody_could_acquire(binary, "cluster", "a slot moves there and back", gap, LIMIT);
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
