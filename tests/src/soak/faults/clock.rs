//! Clocks of servers that are set while they keep locks.

use super::{EVERYWHERE, Fault, Harm, Strike, Undo, sleep_ms};
use crate::soak::scene::{On, Scene, any};
use crate::{Seed, Server};

const fn clock(name: &'static str, on: &'static [On], strike: Strike) -> Fault {
    Fault { name, on, harm: Harm::Clock, moves_masters: true, lasts: (200, 800), strike }
}

pub(super) const FAULTS: &[Fault] = &[
    clock("clock of a server set ahead, then right", EVERYWHERE, ahead),
    clock("clock of a server set back, then right", EVERYWHERE, back),
    clock("clock of a server set to and fro", EVERYWHERE, to_and_fro),
    clock("failover to a server whose clock is ahead", &[On::Sentinel], fail_over_ahead),
    clock("failover to a server whose clock is behind", &[On::Sentinel], fail_over_behind),
    clock("cluster failover to a node whose clock is ahead", &[On::Cluster], take_over_ahead),
    clock("cluster failover to a node whose clock is behind", &[On::Cluster], take_over_behind),
];

/// Longer than any lease here, shorter than what a shutdown waits for.
fn step(seed: &mut Seed) -> i64 {
    100 + i64::try_from(seed.below(2400)).unwrap_or(0)
}

/// Sets it right. What the wrong clock has said counts for as long as it was wrong.
fn set_right(server: &Server, by_ms: i64) -> Undo<'_> {
    Box::new(move || {
        server.step_clock(0);
        sleep_ms(by_ms.unsigned_abs());
    })
}

fn set<'a>(server: &'a Server, by_ms: i64) -> Undo<'a> {
    server.step_clock(by_ms);
    set_right(server, by_ms)
}

fn ahead<'a>(scene: &'a Scene, seed: &mut Seed) -> Undo<'a> {
    set(scene.master(seed), step(seed))
}

fn back<'a>(scene: &'a Scene, seed: &mut Seed) -> Undo<'a> {
    set(scene.master(seed), -step(seed))
}

fn to_and_fro<'a>(scene: &'a Scene, seed: &mut Seed) -> Undo<'a> {
    let (server, most) = (scene.master(seed), step(seed));
    for _ in 0..8 {
        let by = i64::try_from(seed.below(most.unsigned_abs() + 1)).unwrap_or(0);
        server.step_clock(*any(seed, &[by, -by]));
        sleep_ms(20 + seed.below(80));
    }
    set_right(server, most)
}

fn fail_over_ahead<'a>(scene: &'a Scene, seed: &mut Seed) -> Undo<'a> {
    let by = step(seed);
    fail_over(scene, by)
}

fn fail_over_behind<'a>(scene: &'a Scene, seed: &mut Seed) -> Undo<'a> {
    let by = -step(seed);
    fail_over(scene, by)
}

fn fail_over(scene: &Scene, by_ms: i64) -> Undo<'_> {
    let replica = scene.sentinel().replicas().into_iter().next().expect("there is a replica");
    let undo = set(replica, by_ms);
    super::sentinel::fail_over(scene.sentinel());
    undo
}

fn take_over_ahead<'a>(scene: &'a Scene, seed: &mut Seed) -> Undo<'a> {
    let by = step(seed);
    take_over(scene, seed, by)
}

fn take_over_behind<'a>(scene: &'a Scene, seed: &mut Seed) -> Undo<'a> {
    let by = -step(seed);
    take_over(scene, seed, by)
}

fn take_over<'a>(scene: &'a Scene, seed: &mut Seed, by_ms: i64) -> Undo<'a> {
    let replica = scene.cluster().replica_of(&super::cluster::name(seed));
    let undo = set(replica, by_ms);
    super::cluster::take_over(replica);
    undo
}
