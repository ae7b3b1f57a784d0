//! A replica that fails beside a master that does not: nothing is lost, and nobody waits longer.

use std::time::Duration;

use lock_tests::{Cluster, Server, each_server, longest_gap, names_in_slot_of};

use super::{FAR, manager, play};
use crate::breakage::nobody_could_acquire;
use crate::history::History;
use crate::load::{self, Load};
use crate::parties::{Parties, casts, near_names};

const LEASE: Duration = Duration::from_millis(1_500);
/// For a busy machine. Had a grant been lost, the others would have waited for its lease.
const LIMIT: Duration = load::LEASE;

/// What happens to the replica, and how it ends.
struct Breakage {
    name: &'static str,
    happens: fn(&Server),
    ends: fn(&Server),
}

const BREAKAGES: [Breakage; 2] = [
    Breakage { name: "a replica killed", happens: Server::kill, ends: Server::restart },
    Breakage { name: "a replica stopped", happens: Server::pause, ends: Server::resume },
];

#[test]
fn holds_and_waiters_of_all_kinds_do_not_need_every_replica() {
    each_server(|binary| {
        let cluster = Cluster::start(binary, 3, 1);
        play(&cluster, async |cluster| {
            let (here, there) = (manager(cluster).await, manager(cluster).await);
            let (master, replica) = (cluster.master_of("LOCK:a"), cluster.replica_of("LOCK:a"));
            let parties = near_names(FAR.len());
            let names = names_in_slot_of("a", 1 + parties * BREAKAGES.len());
            let (hot, near) = names.split_at(1);
            for (breakage, near) in BREAKAGES.iter().zip(near.chunks(parties)) {
                let history = History::new();
                let casts = casts(near, &FAR.map(str::to_owned));
                let parties = Parties::gather(cluster, casts, LEASE, &history.recorder).await;
                let mut load = Load::new(&history.recorder);
                for locks in [&here, &there] {
                    load.take(locks, hot);
                }
                load.goes_on(Duration::ZERO, "before").await;
                (breakage.happens)(replica);
                load.goes_on(3 * LEASE, "while it is broken").await;
                parties.go_on(|name| cluster.master_of(name)).await;
                let (now, later) = parties.halves();
                let during = now.hand_over().await;
                (breakage.ends)(replica);
                cluster.until_agreed();
                load.goes_on(Duration::ZERO, "afterwards").await;
                later.go_on(|name| cluster.master_of(name)).await;
                let afterwards = later.hand_over().await;
                load.end().await;
                let same = cluster.master_of("LOCK:a").address() == master.address();
                assert!(same, "a failover that nobody needs");
                let holds = history.right();
                during.judge(&holds);
                afterwards.judge(&holds);
                nobody_could_acquire(binary, "cluster", breakage.name, longest_gap(&holds, "LOCK:a"), LIMIT);
            }
        });
    });
}
