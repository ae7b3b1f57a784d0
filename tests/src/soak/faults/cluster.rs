//! What befalls a cluster.

use super::{Fault, Harm, Strike, Undo, done, sleep_ms};
use crate::soak::scene::{On, Scene, any};
use crate::{Seed, Server, until};

const fn cluster(name: &'static str, harm: Harm, lasts: (u64, u64), strike: Strike) -> Fault {
    Fault { name, on: &[On::Cluster], harm, moves_masters: !matches!(harm, Harm::Nothing), lasts, strike }
}

pub(super) const FAULTS: &[Fault] = &[
    cluster("slot migrated under a lock", Harm::Lease, (0, 0), migrate),
    cluster("slot half migrated for a while", Harm::Lease, (0, 0), migrate_slowly),
    cluster("cluster failover ordered", Harm::Lease, (0, 300), fail_over),
    cluster("cluster failover forced", Harm::DataLoss, (0, 300), force_failover),
    cluster("cluster master killed", Harm::DataLoss, (0, 300), kill_master),
    cluster("cluster master stopped past a failover, then back", Harm::DataLoss, (0, 300), stop_master),
    cluster("cluster replica killed", Harm::Nothing, (200, 800), kill_replica),
];

const AGREED: std::time::Duration = std::time::Duration::from_secs(30);

pub(super) fn name(seed: &mut Seed) -> String {
    format!("LOCK:{}", any(seed, &["a", "b", "c"]))
}

fn is_master(server: &Server) -> bool {
    let role = server.connect().and_then(|mut connection| connection.command(&["ROLE"]));
    role.is_ok_and(|role| role.items().first().and_then(crate::Value::text) == Some("master"))
}

fn migrate<'a>(scene: &'a Scene, seed: &mut Seed) -> Undo<'a> {
    move_slot(scene, seed, 0)
}

fn migrate_slowly<'a>(scene: &'a Scene, seed: &mut Seed) -> Undo<'a> {
    let ms = 100 + seed.below(600);
    move_slot(scene, seed, ms)
}

fn move_slot(scene: &Scene, seed: &mut Seed, ms: u64) -> Undo<'static> {
    let (cluster, name) = (scene.cluster(), name(seed));
    let slot = cluster.slot_of(&name);
    let to = cluster.another_master(cluster.master_of(&name));
    let migration = cluster.migrate(slot, to);
    sleep_ms(ms / 2);
    // As operators' tools do, key by key. What is gone meanwhile is not there to be moved.
    for key in migration.keys_left() {
        migration.move_key(&key);
        sleep_ms(ms / 4);
    }
    migration.finish();
    done()
}

fn fail_over<'a>(scene: &'a Scene, seed: &mut Seed) -> Undo<'a> {
    scene.cluster().fail_over_to(scene.cluster().replica_of(&name(seed)));
    done()
}

fn force_failover<'a>(scene: &'a Scene, seed: &mut Seed) -> Undo<'a> {
    take_over(scene.cluster().replica_of(&name(seed)));
    done()
}

/// Without asking anybody.
pub(super) fn take_over(replica: &Server) {
    replica.must(&["CLUSTER", "FAILOVER", "TAKEOVER"]);
    until(AGREED, "the replica is master", || is_master(replica));
}

fn kill_master<'a>(scene: &'a Scene, seed: &mut Seed) -> Undo<'a> {
    let name = name(seed);
    let (old, replica) = (scene.cluster().master_of(&name), scene.cluster().replica_of(&name));
    old.kill();
    until(AGREED, "the replica is master", || is_master(replica));
    Box::new(|| old.restart())
}

fn stop_master<'a>(scene: &'a Scene, seed: &mut Seed) -> Undo<'a> {
    let name = name(seed);
    let (old, replica) = (scene.cluster().master_of(&name), scene.cluster().replica_of(&name));
    old.pause();
    until(AGREED, "the replica is master", || is_master(replica));
    Box::new(|| old.resume())
}

fn kill_replica<'a>(scene: &'a Scene, seed: &mut Seed) -> Undo<'a> {
    let replica = scene.cluster().replica_of(&name(seed));
    replica.kill();
    Box::new(|| replica.restart())
}
