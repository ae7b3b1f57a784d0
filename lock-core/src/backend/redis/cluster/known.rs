//! What is known of a cluster, shared by all lanes.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError, RwLock, RwLockReadGuard};

use tokio::sync::Notify;

use super::super::errand::Node;
use super::redirect::Redirect;
use super::slot_map::SlotMap;

/// The nodes of a cluster and their slots, as far as they are known.
#[derive(Debug)]
pub(in super::super) struct Cluster {
    /// Those of the URL, which are asked when all others are gone.
    seeds: Vec<Node>,
    map: RwLock<SlotMap>,
    /// A node that knew better than the map.
    better: Mutex<Option<Node>>,
    doubt: Notify,
    turn: AtomicUsize,
}

impl Cluster {
    pub(super) fn new(seeds: Vec<Node>, map: SlotMap) -> Self {
        Self {
            seeds,
            map: RwLock::new(map),
            better: Mutex::default(),
            doubt: Notify::new(),
            turn: AtomicUsize::new(0),
        }
    }

    /// Who serves `slot`.
    pub(in super::super) fn owner(&self, slot: u16) -> Option<Node> {
        self.map().owner(slot).cloned()
    }

    /// A node has sent a request on.
    pub(in super::super) fn redirected(&self, redirect: &Redirect) {
        // A slot that is moving is still where the map says.
        if let Redirect::Moved { slot, to } = redirect {
            self.map.write().unwrap_or_else(PoisonError::into_inner).learn(*slot, to.clone());
            *self.better.lock().unwrap_or_else(PoisonError::into_inner) = Some(to.clone());
            self.doubt();
        }
    }

    /// The map may be wrong, or a node may be gone.
    pub(in super::super) fn doubt(&self) {
        self.doubt.notify_one();
    }

    /// Returns when the map should be read anew.
    pub(super) async fn doubted(&self) {
        self.doubt.notified().await;
    }

    /// Takes over a map that was read; whether it says anything new.
    pub(super) fn replace(&self, map: SlotMap) -> bool {
        let mut known = self.map.write().unwrap_or_else(PoisonError::into_inner);
        let new = !known.says_what(&map);
        *known = map;
        new
    }

    /// Who named `node`, if that is not a node of the URL.
    pub(super) fn who_named(&self, node: &Node) -> Option<Node> {
        let told_by = || self.map().told_by().cloned();
        (!self.seeds.contains(node)).then(told_by).flatten()
    }

    /// The latest election that is known of.
    pub(super) fn epoch(&self) -> u64 {
        self.map().epoch()
    }

    /// Whom to ask for the map: who knew better, then all others, another one first each time.
    pub(super) fn sources(&self) -> Vec<Node> {
        let better = self.better.lock().unwrap_or_else(PoisonError::into_inner).take();
        let map = self.map();
        let mut known = map.masters();
        known.extend(map.replicas().iter().cloned());
        drop(map);
        self.rotate(&mut known);
        let mut sources: Vec<Node> = Vec::with_capacity(known.len() + self.seeds.len() + 1);
        for node in better.into_iter().chain(known).chain(self.seeds.iter().cloned()) {
            if !sources.contains(&node) {
                sources.push(node);
            }
        }
        sources
    }

    /// A node to be told of grants by: any that is in touch with the others, another one each time.
    pub(in super::super) fn listening_post(&self) -> Option<Node> {
        let mut masters = self.map().masters();
        self.rotate(&mut masters);
        masters.into_iter().next()
    }

    /// Whether `node` belongs to it.
    pub(in super::super) fn knows(&self, node: &Node) -> bool {
        let map = self.map();
        map.masters().contains(node) || map.replicas().contains(node)
    }

    /// Who serves any slot, each once.
    pub(in super::super) fn masters(&self) -> Vec<Node> {
        self.map().masters()
    }

    fn rotate(&self, nodes: &mut [Node]) {
        if !nodes.is_empty() {
            let turn = self.turn.fetch_add(1, Ordering::Relaxed) % nodes.len();
            nodes.rotate_left(turn);
        }
    }

    fn map(&self) -> RwLockReadGuard<'_, SlotMap> {
        // Nothing panics while it is locked; if it did, the map would still be whole.
        self.map.read().unwrap_or_else(PoisonError::into_inner)
    }
}
