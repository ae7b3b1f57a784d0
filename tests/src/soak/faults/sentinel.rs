//! What befalls a master, its replica and its sentinels.

use std::time::{Duration, Instant};

use super::{Fault, Harm, Strike, Undo, done, sleep_ms};
use crate::soak::scene::{On, Scene, any};
use crate::{Deployment, Seed, Sentinel, Server, until};

const fn sentinel(name: &'static str, harm: Harm, lasts: (u64, u64), strike: Strike) -> Fault {
    Fault { name, on: &[On::Sentinel], harm, moves_masters: matches!(harm, Harm::DataLoss), lasts, strike }
}

const PATIENCE: Duration = Duration::from_secs(60);
/// The sentinels' own limit for a failover.
const GIVEN_UP: Duration = Duration::from_secs(5);

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
    fail_over(scene.sentinel());
    done()
}

/// Asked for until it has come about: one is refused, or given up, where another was not over yet.
pub(super) fn fail_over(sentinel: &Deployment) {
    let old = sentinel.master().told_port();
    until(PATIENCE, "a failover comes about", || {
        let ask = ["SENTINEL", "FAILOVER", "mymaster"];
        let agreed = any_answering(sentinel).command(&ask).text() == Some("OK");
        let start = Instant::now();
        while agreed && start.elapsed() < GIVEN_UP {
            if any_answering(sentinel).master_port().is_some_and(|port| port != old) {
                return true;
            }
            sleep_ms(20);
        }
        sentinel.master().told_port() != old
    });
    sentinel.until_elsewhere(old);
}

fn any_answering(sentinel: &Deployment) -> &Sentinel {
    let answers = |sentinel: &&Sentinel| sentinel.master_port().is_some();
    sentinel.sentinels().iter().find(answers).expect("a sentinel answers")
}

fn kill_master<'a>(scene: &'a Scene, _: &mut Seed) -> Undo<'a> {
    let old = scene.sentinel().master();
    old.kill();
    scene.sentinel().until_elsewhere(old.told_port());
    Box::new(|| {
        let port = scene.sentinel().master().told_port();
        old.restart_with(&[&format!("replicaof 127.0.0.1 {port}")]);
    })
}

fn stop_master<'a>(scene: &'a Scene, _: &mut Seed) -> Undo<'a> {
    let old = scene.sentinel().master();
    old.pause();
    scene.sentinel().until_elsewhere(old.told_port());
    old.resume();
    // Two masters until somebody says otherwise: a sentinel would, some seconds later.
    Box::new(|| {
        let port = scene.sentinel().master().told_port().to_string();
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
    Box::new(|| replica.restart_with(&[&format!("replicaof 127.0.0.1 {}", master.told_port())]))
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
    sentinels.iter().for_each(Sentinel::pause);
    Box::new(|| {
        sentinels.iter().for_each(Sentinel::resume);
        // They take each other for dead first.
        sleep_ms(500);
    })
}
