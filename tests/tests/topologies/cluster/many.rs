//! Many locks at once, over all nodes.

use std::time::Duration;

use lock_tests::{Cluster, Server, each_server};

use super::{PATIENCE, manager, play};

const HOLDS: usize = 300;
const LEASE: Duration = Duration::from_secs(3);

/// A number out of `INFO`.
pub(super) fn info(node: &Server, section: &str, field: &str) -> u64 {
    let text = node.must(&["INFO", section]);
    let line = text.text().and_then(|text| text.lines().find_map(|line| line.strip_prefix(field)));
    let digits: String = line.unwrap_or("0").chars().take_while(char::is_ascii_digit).collect();
    digits.parse().expect("a number")
}

/// Calls of scripts, and reads from sockets, on all nodes.
fn work(cluster: &Cluster) -> (u64, u64) {
    let nodes = cluster.nodes().iter();
    nodes.fold((0, 0), |(calls, reads), node| {
        let evalsha = info(node, "commandstats", "cmdstat_evalsha:calls=");
        (calls + evalsha, reads + info(node, "stats", "total_reads_processed:"))
    })
}

#[test]
fn renewals_keep_hundreds_of_holds_alive_in_few_writes() {
    each_server(|binary| {
        let cluster = Cluster::start(binary, 3, 0);
        play(&cluster, async |cluster| {
            let locks = manager(cluster).await;
            let acquire = |number: usize| {
                let request = locks.lock(("many", number)).wait(PATIENCE).expire(LEASE);
                tokio::spawn(async move { request.acquire().await })
            };
            let taking: Vec<_> = (0..HOLDS).map(acquire).collect();
            let mut guards = Vec::with_capacity(HOLDS);
            for task in taking {
                guards.push(task.await.expect("no panic").expect("it is free"));
            }
            let before = work(cluster);
            tokio::time::sleep(LEASE * 2).await;
            let after = work(cluster);
            let lost = guards.iter().filter(|guard| guard.is_lost()).count();
            assert_eq!(lost, 0, "of {HOLDS} holds");
            let (calls, reads) = (after.0 - before.0, after.1 - before.1);
            eprintln!("{}: {calls} calls renewed {HOLDS} holds, {reads} reads brought them", binary.label());
            assert!(calls >= 2 * HOLDS as u64, "a hold that lives on was renewed: {calls}");
            assert!(reads * 4 < calls, "renewals travel together: {reads} reads for {calls} calls");
            for guard in guards {
                guard.release().await.expect("it is held");
            }
        });
    });
}
