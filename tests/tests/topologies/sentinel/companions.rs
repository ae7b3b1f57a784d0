//! Sentinels and replicas that fail beside a master that does not: nothing is lost, and nobody waits longer.

use std::time::Duration;

use lock_tests::{Deployment, longest_gap, oldest_and_newest};

use crate::breakage::nobody_could_acquire;
use crate::history::History;
use crate::load::{self, Load};
use crate::parties::{Parties, casts, near_names};

const LEASE: Duration = Duration::from_millis(1_500);
/// For a busy machine. Had a grant been lost, the others would have waited for its lease.
const LIMIT: Duration = load::LEASE;

/// What happens to one of them, and how it ends.
struct Breakage {
    name: &'static str,
    happens: fn(&Deployment),
    ends: fn(&Deployment),
}

const BREAKAGES: [Breakage; 4] = [
    // The one that managers name first.
    Breakage {
        name: "a sentinel killed",
        happens: |deployment| deployment.sentinels()[0].kill(),
        ends: |deployment| deployment.sentinels()[0].restart(),
    },
    Breakage {
        name: "a sentinel stopped",
        happens: |deployment| deployment.sentinels()[0].pause(),
        ends: |deployment| deployment.sentinels()[0].resume(),
    },
    Breakage {
        name: "the replica killed",
        happens: |deployment| deployment.servers()[1].kill(),
        ends: |deployment| deployment.servers()[1].restart(),
    },
    Breakage {
        name: "the replica stopped",
        happens: |deployment| deployment.servers()[1].pause(),
        ends: |deployment| deployment.servers()[1].resume(),
    },
];

#[test]
fn holds_and_waiters_of_all_kinds_do_not_need_every_sentinel_and_replica() {
    oldest_and_newest(|binary| {
        Deployment::start(binary, 1).play(async |deployment: &Deployment| {
            let (here, there) = (deployment.manager().await, deployment.manager().await);
            let master = deployment.master();
            for (round, breakage) in BREAKAGES.iter().enumerate() {
                let history = History::new();
                let names: Vec<String> =
                    (0..near_names(2)).map(|number| format!("n{round}-{number}")).collect();
                let casts = casts(&names, &["a", "z"].map(str::to_owned));
                let parties = Parties::gather(deployment, casts, LEASE, &history.recorder).await;
                let mut load = Load::new(&history.recorder);
                for locks in [&here, &there] {
                    load.take(locks, &["hot".to_owned()]);
                }
                load.goes_on(Duration::ZERO, "before").await;
                (breakage.happens)(deployment);
                load.goes_on(3 * LEASE, "while it is broken").await;
                parties.go_on(|_| master).await;
                let (now, later) = parties.halves();
                let during = now.hand_over().await;
                (breakage.ends)(deployment);
                deployment.until_whole();
                load.goes_on(Duration::ZERO, "afterwards").await;
                later.go_on(|_| master).await;
                let afterwards = later.hand_over().await;
                load.end().await;
                assert_eq!(deployment.master().address(), master.address(), "a failover that nobody needs");
                let holds = history.right();
                during.judge(&holds);
                afterwards.judge(&holds);
                nobody_could_acquire(
                    binary,
                    "sentinel",
                    breakage.name,
                    longest_gap(&holds, "LOCK:hot"),
                    LIMIT,
                );
            }
        });
    });
}
