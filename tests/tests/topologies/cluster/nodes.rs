//! Every node serves its locks.

use std::collections::BTreeSet;

use lock_tests::{Cluster, Value, each_server};

use super::{PATIENCE, manager, play};

/// For each master a name whose lock it keeps.
fn a_name_for_each_node(cluster: &Cluster) -> Vec<String> {
    let named = |node: &lock_tests::Server| {
        let mut names = (0..1000).map(|number| format!("n{number}"));
        let name = names.find(|name| cluster.master_of(&format!("LOCK:{name}")).address() == node.address());
        name.expect("every master serves some")
    };
    cluster.nodes().iter().map(named).collect()
}

#[test]
fn a_lock_works_on_every_node() {
    each_server(|binary| {
        let cluster = Cluster::start(binary, 3, 0);
        let names = a_name_for_each_node(&cluster);
        play(&cluster, async |cluster| {
            let (here, there) = (manager(cluster).await, manager(cluster).await);
            let mut slots = BTreeSet::new();
            for name in &names {
                let mut last = 0;
                for _ in 0..3 {
                    let held = here.lock(name.as_str()).acquire().await.expect("it is free");
                    let busy = there.lock(name.as_str()).try_acquire().await.expect("the cluster answers");
                    assert!(busy.is_none(), "two hold {name}");
                    // All is loaded anew.
                    cluster.master_of(held.name().as_str()).must(&["SCRIPT", "FLUSH"]);
                    let waiting = there.lock(name.as_str()).wait(PATIENCE).acquire();
                    let (next, ()) = tokio::join!(waiting, async {
                        held.release().await.expect("it is held");
                    });
                    let next = next.expect("it was released");
                    assert!(next.token() > last);
                    last = next.token();
                    slots.insert(cluster.slot_of(next.name().as_str()));
                    assert_eq!(next.name().slot(), cluster.slot_of(next.name().as_str()));
                    next.release().await.expect("it is held");
                }
            }
            // Each lock has a counter in its own slot.
            let mut counted = BTreeSet::new();
            for node in cluster.nodes() {
                let keys = node.must(&["KEYS", "LOCK:%fence*"]);
                counted.extend(keys.items().iter().filter_map(Value::text).map(|key| cluster.slot_of(key)));
            }
            assert!(counted.is_superset(&slots), "{counted:?} {slots:?}");
        });
    });
}
