//! A Redis Cluster of the test's own.

mod formation;
mod migration;
mod slot;

use std::time::{Duration, Instant};

use crate::found::Binary;
use crate::leftovers::left_on_all;
use crate::resp::Value;
use crate::server::{Server, ServerOptions};
use crate::until;

pub use self::migration::Migration;
pub use self::slot::names_in_slot_of;

/// How long the nodes may need to agree on something.
const AGREED: Duration = Duration::from_secs(30);
/// All that is left goes by itself within the longest lease that tests leave behind.
const LONGEST_LEASE: Duration = Duration::from_secs(11);

/// Masters and their replicas on the loopback interface; gone when dropped.
#[derive(Debug)]
pub struct Cluster {
    /// The masters first, then the replicas; roles may change later.
    nodes: Vec<Server>,
}

impl Cluster {
    /// Starts `masters` masters with `replicas` replicas each; they share the slots evenly.
    ///
    /// # Panics
    /// If it does not come up.
    #[must_use]
    pub fn start(binary: &'static Binary, masters: usize, replicas: usize) -> Self {
        Self::start_with(binary, masters, replicas, |options| options)
    }

    /// As [`start`](Self::start), with nodes that have extras.
    ///
    /// # Panics
    /// If it does not come up.
    #[must_use]
    pub fn start_with(
        binary: &'static Binary,
        masters: usize,
        replicas: usize,
        extras: impl Fn(ServerOptions) -> ServerOptions,
    ) -> Self {
        let node = |_| {
            let options = Server::of(binary)
                .config("cluster-enabled yes")
                .config("cluster-node-timeout 800")
                .config("cluster-replica-validity-factor 0")
                .config("repl-diskless-sync yes")
                .config("repl-diskless-sync-delay 0");
            extras(options).start()
        };
        let cluster = Self { nodes: (0..masters * (1 + replicas)).map(node).collect() };
        formation::form(&cluster.nodes, masters);
        cluster.until_agreed();
        cluster
    }

    /// `redis-cluster://127.0.0.1:port,127.0.0.1:port..`, all nodes; `rediss-cluster://` where they speak TLS to each other.
    ///
    /// # Panics
    /// If it has no nodes.
    #[must_use]
    pub fn url(&self) -> String {
        let first = self.nodes.first().expect("a cluster has nodes").url();
        let login = first.trim_start_matches("redis://").rsplit_once('@').map(|(login, _)| login);
        let hosts: Vec<String> =
            self.nodes.iter().map(|node| format!("127.0.0.1:{}", node.told_port())).collect();
        let scheme = if self.nodes[0].speaks_tls_to_servers() { "rediss-cluster" } else { "redis-cluster" };
        let login = login.map(|login| format!("{login}@")).unwrap_or_default();
        format!("{scheme}://{login}{}", hosts.join(","))
    }

    /// Its nodes, to be killed, paused, and started again.
    #[must_use]
    pub fn nodes(&self) -> &[Server] {
        &self.nodes
    }

    /// A node that answers.
    ///
    /// # Panics
    /// If none does.
    #[must_use]
    pub fn any(&self) -> &Server {
        self.nodes.iter().find(|node| node.is_ready()).expect("a node that answers")
    }

    /// The slot of `key`, as a server sees it.
    ///
    /// # Panics
    /// If no node answers.
    #[must_use]
    pub fn slot_of(&self, key: &str) -> u16 {
        let slot = self.any().must(&["CLUSTER", "KEYSLOT", key]).integer();
        slot.and_then(|slot| u16::try_from(slot).ok()).expect("a slot")
    }

    /// The node that serves the slot of `key`, as one that answers sees it.
    ///
    /// # Panics
    /// If nobody serves it.
    #[must_use]
    pub fn master_of(&self, key: &str) -> &Server {
        self.owner(self.slot_of(key)).expect("a node serves it")
    }

    /// The replica of the node that serves the slot of `key`.
    ///
    /// # Panics
    /// If there is none.
    #[must_use]
    pub fn replica_of(&self, key: &str) -> &Server {
        let ports = self.ports(self.slot_of(key));
        self.at(*ports.get(1).expect("it has a replica"))
    }

    /// The node that serves `slot`, as one that answers sees it.
    #[must_use]
    pub fn owner(&self, slot: u16) -> Option<&Server> {
        self.ports(slot).first().map(|port| self.at(*port))
    }

    /// A master that serves none of the slots that `other` does.
    ///
    /// # Panics
    /// If there is none.
    #[must_use]
    pub fn another_master(&self, other: &Server) -> &Server {
        let masters = self.nodes.iter().filter(|node| node.is_ready() && is_master(node));
        masters.into_iter().find(|node| node.address() != other.address()).expect("another master")
    }

    /// Begins to move `slot` to the node `to`, as an operator does.
    ///
    /// # Panics
    /// If the servers refuse.
    pub fn migrate(&self, slot: u16, to: &Server) -> Migration<'_> {
        Migration::begin(self, slot, to)
    }

    /// Makes `replica` the master, orderly, and waits until it is.
    ///
    /// # Panics
    /// If it does not become one.
    pub fn fail_over_to(&self, replica: &Server) {
        replica.must(&["CLUSTER", "FAILOVER"]);
        until(AGREED, "the replica is master", || is_master(replica));
    }

    /// Waits until every slot has a node that answers, and all nodes that answer agree on it.
    ///
    /// # Panics
    /// If they don't.
    pub fn until_agreed(&self) {
        until(AGREED, "the cluster is whole", || {
            let mut views = Vec::new();
            let alive: Vec<&Server> = self.nodes.iter().filter(|node| node.is_ready()).collect();
            for node in &alive {
                let info = node.command(&["CLUSTER", "INFO"]);
                if !info.text().is_some_and(|text| text.contains("cluster_state:ok")) {
                    return false;
                }
                let slots = node.command(&["CLUSTER", "SLOTS"]);
                let listed = ports_in(&slots);
                if !alive.iter().all(|node| listed.contains(&node.told_port())) {
                    return false;
                }
                views.push(masters_by_slot(&slots));
            }
            let covered: i64 = views.first().map_or(0, |view| view.iter().map(|(a, b, _)| b - a + 1).sum());
            covered == 16_384 && views.iter().all(|view| *view == views[0]) && self.replicas_are_linked()
        });
    }

    /// All keys under `namespace` on all nodes that run, replicas too, but the fencing counters, which are there to stay.
    ///
    /// # Panics
    /// If a node stands still.
    #[must_use]
    pub fn leftovers(&self, namespace: &str) -> Vec<String> {
        left_on_all(&self.nodes, namespace)
    }

    /// Waits until no lock is left.
    ///
    /// # Panics
    /// If one outlives the longest lease.
    pub fn nothing_is_left(&self) {
        let start = Instant::now();
        loop {
            let left = self.leftovers("LOCK");
            if left.is_empty() {
                return;
            }
            assert!(start.elapsed() < LONGEST_LEASE, "left behind: {left:?}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// The nodes that are masters now.
    pub(crate) fn masters(&self) -> Vec<&Server> {
        self.nodes.iter().filter(|node| node.is_ready() && is_master(node)).collect()
    }

    fn replicas_are_linked(&self) -> bool {
        self.nodes.iter().filter(|node| node.is_ready()).all(|node| {
            let role = node.command(&["ROLE"]);
            match role.items() {
                [role, _, _, link, ..] if role.text() == Some("slave") => link.text() == Some("connected"),
                _ => true,
            }
        })
    }

    /// The master of `slot` and its replicas.
    fn ports(&self, slot: u16) -> Vec<u16> {
        let ranges = self.any().must(&["CLUSTER", "SLOTS"]);
        let holds = |range: &&Value| match range.items() {
            [first, last, ..] => (first.integer()..=last.integer()).contains(&Some(i64::from(slot))),
            _ => false,
        };
        let nodes = ranges.items().iter().find(holds).map_or(&[][..], |range| &range.items()[2..]);
        nodes.iter().filter_map(port_of).collect()
    }

    fn at(&self, port: u16) -> &Server {
        self.nodes.iter().find(|node| node.told_port() == port).expect("a node of this cluster")
    }
}

fn port_of(node: &Value) -> Option<u16> {
    node.items().get(1)?.integer().and_then(|port| u16::try_from(port).ok())
}

/// Of all nodes, replicas too.
fn ports_in(ranges: &Value) -> Vec<u16> {
    let nodes = ranges.items().iter().flat_map(|range| range.items().iter().skip(2));
    nodes.filter_map(port_of).collect()
}

/// First slot, last slot, port.
fn masters_by_slot(ranges: &Value) -> Vec<(i64, i64, u16)> {
    let mut view: Vec<_> = ranges
        .items()
        .iter()
        .filter_map(|range| match range.items() {
            [first, last, master, ..] => Some((first.integer()?, last.integer()?, port_of(master)?)),
            _ => None,
        })
        .collect();
    view.sort_unstable();
    view
}

fn is_master(node: &Server) -> bool {
    node.command(&["ROLE"]).items().first().and_then(Value::text) == Some("master")
}

/// The node's name within the cluster.
fn id_of(node: &Server) -> String {
    node.must(&["CLUSTER", "MYID"]).text().expect("an id").to_owned()
}
