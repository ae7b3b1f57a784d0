//! Moving a slot from node to node, step by step.

use super::{Cluster, id_of};
use crate::server::Server;

/// A slot that is being moved.
#[derive(Debug)]
#[must_use = "a migration that is not finished leaves the slot between two nodes"]
pub struct Migration<'a> {
    cluster: &'a Cluster,
    slot: String,
    from: &'a Server,
    to: &'a Server,
}

impl<'a> Migration<'a> {
    pub(super) fn begin(cluster: &'a Cluster, slot: u16, to: &Server) -> Self {
        let from = cluster.owner(slot).expect("the slot has a node");
        let is_it = |node: &&Server| node.address() == to.address();
        let to = cluster.nodes().iter().find(is_it).expect("a node of this cluster");
        let slot = slot.to_string();
        to.must(&["CLUSTER", "SETSLOT", &slot, "IMPORTING", &id_of(from)]);
        from.must(&["CLUSTER", "SETSLOT", &slot, "MIGRATING", &id_of(to)]);
        Self { cluster, slot, from, to }
    }

    /// Where it moves from.
    #[must_use]
    pub fn from(&self) -> &'a Server {
        self.from
    }

    /// The keys that are still where they were.
    ///
    /// # Panics
    /// If the server does not say.
    #[must_use]
    pub fn keys_left(&self) -> Vec<String> {
        let keys = self.from.must(&["CLUSTER", "GETKEYSINSLOT", &self.slot, "1000"]);
        keys.items().iter().filter_map(|key| key.text().map(str::to_owned)).collect()
    }

    /// Moves one key. It must not be at both nodes: then locks were taken at both.
    ///
    /// # Panics
    /// If the servers refuse.
    pub fn move_key(&self, key: &str) {
        let address = self.to.address();
        let (host, port) = (address.ip().to_string(), address.port().to_string());
        self.from.must(&["MIGRATE", &host, &port, key, "0", "5000"]);
    }

    /// Moves what is left and says to all that the slot is at its new node.
    ///
    /// # Panics
    /// If the servers refuse.
    pub fn finish(self) {
        loop {
            let keys = self.keys_left();
            if keys.is_empty() {
                break;
            }
            keys.iter().for_each(|key| self.move_key(key));
        }
        let id = id_of(self.to);
        // The new node first: until the old one says so too, requests are sent on to where they are answered.
        for node in [self.to, self.from] {
            node.must(&["CLUSTER", "SETSLOT", &self.slot, "NODE", &id]);
        }
        self.cluster.until_agreed();
    }
}
