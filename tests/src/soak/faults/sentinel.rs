//! What befalls a master, its replica and its sentinels.

use super::{Fault, Harm, Undo, done, sleep_ms};
use crate::soak::scene::{On, Scene, any};
use crate::{Seed, Server};

const fn sentinel(name: &'static str, harm: Harm, lasts: (u64, u64), strike: Strike) -> Fault {
    Fault { name, on: &[On::Sentinel], harm, lasts, strike }
}

type Strike = for<'a> fn(&'a Scene, &mut Seed) -> Undo<'a>;

pub(super) const FAULTS: &[Fault] = &[
    sentinel("failover ordered", Harm::DataLoss, (0, 500), order_failover),
    sentinel("master killed, sentinels fail over", Harm::DataLoss, (0, 500), kill_master),
    sentinel("master stopped past a failover, then back", Harm::DataLoss, (200, 800), stop_master),
    sentinel("replica stopped", Harm::Nothing, (200, 1500), stop_replica),
    sentinel("replica killed", Harm::Nothing, (200, 1500), kill_replica),
    sentinel("one sentinel stopped", Harm::Nothing, (300, 1500), stop_sentinel),
    sentinel("one sentinel killed", Harm::Nothing, (300, 1500), kill_sentinel),
    sentinel("all sentinels stopped", Harm::Nothing, (300, 1500), stop_sentinels),
];

fn order_failover<'a>(scene: &'a Scene, _: &mut Seed) -> Undo<'a> {
    scene.sentinel().fail_over();
    done()
}

fn kill_master<'a>(scene: &'a Scene, _: &mut Seed) -> Undo<'a> {
    let old = scene.sentinel().master();
    old.kill();
    scene.sentinel().until_elsewhere(old.address().port());
    Box::new(|| {
        let port = scene.sentinel().master().address().port();
        old.restart_with(&[&format!("replicaof 127.0.0.1 {port}")]);
    })
}

fn stop_master<'a>(scene: &'a Scene, _: &mut Seed) -> Undo<'a> {
    let old = scene.sentinel().master();
    old.pause();
    scene.sentinel().until_elsewhere(old.address().port());
    old.resume();
    // Two masters until somebody says otherwise: a sentinel would, some seconds later.
    Box::new(|| {
        let port = scene.sentinel().master().address().port().to_string();
        old.must(&["REPLICAOF", "127.0.0.1", &port]);
    })
}

fn replica(scene: &Scene) -> &Server {
    scene.sentinel().replicas().into_iter().next().expect("there is a replica")
}

fn stop_replica<'a>(scene: &'a Scene, _: &mut Seed) -> Undo<'a> {
    let replica = replica(scene);
    replica.pause();
    Box::new(|| replica.resume())
}

fn kill_replica<'a>(scene: &'a Scene, _: &mut Seed) -> Undo<'a> {
    let (replica, master) = (replica(scene), scene.sentinel().master());
    replica.kill();
    Box::new(|| replica.restart_with(&[&format!("replicaof 127.0.0.1 {}", master.address().port())]))
}

fn stop_sentinel<'a>(scene: &'a Scene, seed: &mut Seed) -> Undo<'a> {
    let sentinel = any(seed, scene.sentinel().sentinels());
    sentinel.pause();
    Box::new(|| sentinel.resume())
}

fn kill_sentinel<'a>(scene: &'a Scene, seed: &mut Seed) -> Undo<'a> {
    let sentinel = any(seed, scene.sentinel().sentinels());
    sentinel.kill();
    Box::new(|| sentinel.restart())
}

fn stop_sentinels<'a>(scene: &'a Scene, _: &mut Seed) -> Undo<'a> {
    let sentinels = scene.sentinel().sentinels();
    sentinels.iter().for_each(crate::Sentinel::pause);
    Box::new(|| {
        sentinels.iter().for_each(crate::Sentinel::resume);
        // They take each other for dead first.
        sleep_ms(500);
    })
}
