//! Which node serves which slot.

use std::collections::BTreeMap;

use ::redis::Value;

use super::super::addresses::AddressMap;
use super::super::errand::Node;
use crate::name::SLOTS;

/// What the cluster said last, and what nodes that were asked in vain have said since.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct SlotMap {
    /// The last slot of each range, the first, and who serves it.
    ranges: BTreeMap<u16, (u16, Node)>,
    /// Slots that were said to be elsewhere since.
    moved: BTreeMap<u16, Node>,
    replicas: Vec<Node>,
    /// The latest election that whoever said this had heard of.
    epoch: u64,
}

impl SlotMap {
    /// Out of the answer to `CLUSTER SLOTS` of the node `asked`, which may leave out its own host.
    pub(super) fn read(reply: &Value, asked: &Node, addresses: &AddressMap) -> Option<Self> {
        let Value::Array(ranges) = reply else { return None };
        let mut map = Self::default();
        for range in ranges {
            let Value::Array(parts) = range else { return None };
            let [first, last, nodes @ ..] = parts.as_slice() else { return None };
            let (first, last) = (slot(first)?, slot(last)?);
            let mut nodes = nodes.iter().filter_map(|node| read_node(node, asked, addresses));
            let Some(master) = nodes.next().filter(|_| first <= last) else { continue };
            map.ranges.insert(last, (first, master));
            for replica in nodes {
                if !map.replicas.contains(&replica) {
                    map.replicas.push(replica);
                }
            }
        }
        Some(map)
    }

    /// With what the same node says to `CLUSTER INFO`.
    pub(super) fn of_epoch(mut self, info: &Value) -> Self {
        let text = match info {
            Value::BulkString(bytes) => String::from_utf8_lossy(bytes),
            Value::VerbatimString { text, .. } => text.as_str().into(),
            _ => return self,
        };
        let epoch = text.lines().find_map(|line| line.trim().strip_prefix("cluster_current_epoch:"));
        self.epoch = epoch.and_then(|number| number.parse().ok()).unwrap_or(0);
        self
    }

    pub(super) fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Whether to believe this rather than `other`: what is newer, and among equals what knows of more.
    ///
    /// What could go wrong: a master that stood still while a replica took its place wakes up, still says that the slots are
    /// its own, and takes locks that the other one has given. It can't, once the election is known here: its epoch is lower,
    /// so its map is not believed while any other node answers.
    pub(super) fn is_better_than(&self, other: &Self) -> bool {
        (self.epoch, other.unserved()) > (other.epoch, self.unserved())
    }

    pub(super) fn owner(&self, slot: u16) -> Option<&Node> {
        self.moved.get(&slot).or_else(|| {
            let (_, (first, node)) = self.ranges.range(slot..).next()?;
            (*first <= slot).then_some(node)
        })
    }

    /// A node has said that another one serves this slot.
    pub(super) fn learn(&mut self, slot: u16, node: Node) {
        self.moved.insert(slot, node);
    }

    /// Who serves any slot, each once.
    pub(super) fn masters(&self) -> Vec<Node> {
        let mut masters: Vec<Node> = Vec::new();
        for node in self.ranges.values().map(|(_, node)| node).chain(self.moved.values()) {
            if !masters.contains(node) {
                masters.push(node.clone());
            }
        }
        masters
    }

    pub(super) fn replicas(&self) -> &[Node] {
        &self.replicas
    }

    /// How many slots nobody serves.
    pub(super) fn unserved(&self) -> usize {
        (0..SLOTS).filter(|slot| self.owner(*slot).is_none()).count()
    }
}

fn slot(value: &Value) -> Option<u16> {
    match value {
        Value::Int(slot) => u16::try_from(*slot).ok().filter(|slot| *slot < SLOTS),
        _ => None,
    }
}

fn read_node(value: &Value, asked: &Node, addresses: &AddressMap) -> Option<Node> {
    let Value::Array(parts) = value else { return None };
    let [host, Value::Int(port), ..] = parts.as_slice() else { return None };
    let port = u16::try_from(*port).ok().filter(|port| *port > 0)?;
    let host = match host {
        Value::BulkString(text) => String::from_utf8(text.clone()).ok()?,
        Value::SimpleString(text) => text.clone(),
        _ => String::new(),
    };
    Some(node_from(&host, port, asked, addresses))
}

/// The node that was said to be at `host`, where it is reached from here. A node that does not know how it is called is where it
/// was asked.
pub(super) fn node_from(host: &str, port: u16, asked: &Node, addresses: &AddressMap) -> Node {
    let host = match asked {
        Node::At(known, _) if host.is_empty() || host == "?" => known,
        _ => host,
    };
    let (host, port) = addresses.reached(host, port);
    Node::at(&host, port)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Value {
        Value::BulkString(text.as_bytes().to_vec())
    }

    fn node(host: &str, port: i64) -> Value {
        Value::Array(vec![text(host), Value::Int(port), text("id")])
    }

    fn map() -> SlotMap {
        let ranges = vec![
            Value::Array(vec![Value::Int(0), Value::Int(99), node("a", 1), node("b", 2)]),
            Value::Array(vec![Value::Int(200), Value::Int(16_383), node("", 3), node("b", 2)]),
        ];
        SlotMap::read(&Value::Array(ranges), &Node::at("asked", 9), &AddressMap::default()).unwrap()
    }

    #[test]
    fn slots_are_found_in_their_ranges_and_gaps_belong_to_nobody() {
        let map = map();
        for (slot, owner) in [
            (0, Some(Node::at("a", 1))),
            (99, Some(Node::at("a", 1))),
            (100, None),
            (199, None),
            (200, Some(Node::at("asked", 3))),
            (16_383, Some(Node::at("asked", 3))),
        ] {
            assert_eq!(map.owner(slot), owner.as_ref(), "{slot}");
        }
        assert_eq!(map.masters(), [Node::at("a", 1), Node::at("asked", 3)]);
        assert_eq!(map.replicas(), [Node::at("b", 2)]);
        assert_eq!(map.unserved(), 100);
    }

    #[test]
    fn what_was_learnt_counts_before_what_was_read() {
        let mut map = map();
        map.learn(150, Node::at("c", 4));
        map.learn(5, Node::at("c", 4));
        assert_eq!(map.owner(150), Some(&Node::at("c", 4)));
        assert_eq!(map.owner(5), Some(&Node::at("c", 4)));
        assert_eq!(map.owner(6), Some(&Node::at("a", 1)));
        assert!(map.masters().contains(&Node::at("c", 4)));
    }

    #[test]
    fn a_newer_map_is_better_and_among_equals_the_fuller() {
        let of_epoch = |map: SlotMap, epoch: u64| {
            map.of_epoch(&text(&format!(
                "cluster_state:ok\r\ncluster_current_epoch:{epoch}\r\ncluster_my_epoch:1"
            )))
        };
        let full = || {
            let all = Value::Array(vec![Value::Int(0), Value::Int(16_383), node("a", 1)]);
            SlotMap::read(&Value::Array(vec![all]), &Node::at("asked", 9), &AddressMap::default()).unwrap()
        };
        assert_eq!(of_epoch(map(), 12).epoch(), 12);
        assert_eq!(map().of_epoch(&Value::Nil).epoch(), 0);
        assert!(of_epoch(map(), 3).is_better_than(&of_epoch(full(), 2)), "newer");
        assert!(!of_epoch(full(), 2).is_better_than(&of_epoch(map(), 3)), "older, if fuller");
        assert!(of_epoch(full(), 3).is_better_than(&of_epoch(map(), 3)), "fuller");
        assert!(!of_epoch(map(), 3).is_better_than(&of_epoch(map(), 3)), "the same");
    }

    #[test]
    fn nodes_are_where_the_map_of_addresses_says() {
        let addresses = AddressMap::new(|host, port| match host {
            "a" => ("localhost".to_owned(), 7001),
            // Was asked there, and did not say how it is called.
            "asked" => ("asked".to_owned(), port + 100),
            _ => (host.to_owned(), port),
        });
        let ranges = [
            Value::Array(vec![Value::Int(0), Value::Int(99), node("a", 1), node("b", 2)]),
            Value::Array(vec![Value::Int(200), Value::Int(16_383), node("", 3)]),
        ];
        let map = SlotMap::read(&Value::Array(ranges.into()), &Node::at("asked", 9), &addresses).unwrap();
        assert_eq!(map.masters(), [Node::at("localhost", 7001), Node::at("asked", 103)]);
        assert_eq!(map.replicas(), [Node::at("b", 2)]);
    }

    #[test]
    fn other_answers_are_no_map() {
        for reply in [Value::Nil, Value::Int(1), Value::Array(vec![Value::Int(1)])] {
            assert!(
                SlotMap::read(&reply, &Node::at("asked", 9), &AddressMap::default()).is_none(),
                "{reply:?}"
            );
        }
    }
}
