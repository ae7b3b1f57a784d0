//! How single servers become a cluster.

use super::{AGREED, id_of};
use crate::server::Server;
use crate::until;

const SLOTS: usize = 16_384;

/// Makes a cluster of `nodes`, the first `masters` of which share the slots; the others become their replicas in turn.
pub(super) fn form(nodes: &[Server], masters: usize) {
    for (number, node) in nodes.iter().enumerate() {
        // Equal epochs would collide while the nodes get to know each other.
        node.must(&["CLUSTER", "SET-CONFIG-EPOCH", &(number + 1).to_string()]);
    }
    for (number, node) in nodes[..masters].iter().enumerate() {
        let slots = number * SLOTS / masters..(number + 1) * SLOTS / masters;
        let slots: Vec<String> = slots.map(|slot| slot.to_string()).collect();
        let mut command = vec!["CLUSTER", "ADDSLOTS"];
        command.extend(slots.iter().map(String::as_str));
        node.must(&command);
    }
    for node in &nodes[1..] {
        let (host, port) = (nodes[0].address().ip(), nodes[0].meeting_port());
        node.must(&["CLUSTER", "MEET", &host.to_string(), &port.to_string()]);
    }
    let ids: Vec<String> = nodes.iter().map(id_of).collect();
    until(AGREED, "all nodes know each other", || {
        nodes.iter().all(|node| {
            let known = node.command(&["CLUSTER", "NODES"]);
            let known = known.text().unwrap_or_default();
            ids.iter().all(|id| known.contains(id.as_str())) && !known.contains("handshake")
        })
    });
    for (number, node) in nodes[masters..].iter().enumerate() {
        node.must(&["CLUSTER", "REPLICATE", &ids[number % masters]]);
    }
}
