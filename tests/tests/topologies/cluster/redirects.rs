//! How often nodes sent requests on.

use lock_tests::Cluster;

use super::many::info;

/// What nodes answered to requests that they did not serve.
#[derive(Clone, Copy, Debug)]
pub(super) struct Redirects {
    /// Ask the node that the slot moves to, this time.
    pub(super) ask: u64,
    /// Another node serves the slot.
    pub(super) moved: u64,
    /// Of several keys some have moved and some have not.
    pub(super) try_again: u64,
}

impl Redirects {
    /// By all nodes since they were started.
    pub(super) fn so_far(cluster: &Cluster) -> Self {
        let count = |code: &str| {
            let field = format!("errorstat_{code}:count=");
            cluster.nodes().iter().map(|node| info(node, "errorstats", &field)).sum()
        };
        Self { ask: count("ASK"), moved: count("MOVED"), try_again: count("TRYAGAIN") }
    }

    /// What came after `before`.
    pub(super) fn since(&self, before: &Self) -> Self {
        Self {
            ask: self.ask - before.ask,
            moved: self.moved - before.moved,
            try_again: self.try_again - before.try_again,
        }
    }
}
