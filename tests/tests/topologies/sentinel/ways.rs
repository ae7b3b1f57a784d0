//! How a master ends.

use lock_tests::{Deployment, Server};

/// A way to end, after which another server is the master.
pub(super) struct Way {
    pub(super) name: &'static str,
    pub(super) happens: fn(&Deployment),
    /// What becomes of the old master.
    pub(super) heal: fn(&Server),
}

pub(super) const WAYS: [Way; 3] = [
    Way { name: "planned failover", happens: Deployment::fail_over, heal: |_| {} },
    Way { name: "master killed", happens: kill, heal: Server::restart },
    // It wakes up and takes itself for the master, with all connections that it had.
    Way { name: "master stopped", happens: freeze, heal: Server::resume },
];

fn kill(deployment: &Deployment) {
    let old = deployment.master();
    old.kill();
    deployment.until_elsewhere(old.address().port());
}

fn freeze(deployment: &Deployment) {
    let old = deployment.master();
    old.pause();
    deployment.until_elsewhere(old.address().port());
}
