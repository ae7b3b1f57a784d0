//! What befalls the clients themselves, and the machine that they run on.

use std::process::{Command, Stdio};

use super::{EVERYWHERE, Fault, Harm, Strike, Undo, done, sleep_ms};
use crate::soak::scene::Scene;
use crate::{Process, Seed};

const fn client(name: &'static str, lasts: (u64, u64), strike: Strike) -> Fault {
    Fault::in_place(name, EVERYWHERE, Harm::Lease, lasts, strike)
}

pub(super) const FAULTS: &[Fault] = &[
    client("client stopped, shorter than a lease", (30, 120), stop),
    client("client stopped, longer than a lease", (550, 500), stop),
    client("client killed and replaced", (0, 0), kill),
    client("all clients stopped at once", (300, 500), stop_all),
    client("client stopped and continued in turns", (0, 0), stutter),
    client("starved processors", (300, 700), starve),
];

fn one(scene: &Scene, seed: &mut Seed) -> usize {
    usize::try_from(seed.below(scene.clients().count() as u64)).unwrap_or(0)
}

fn stop<'a>(scene: &'a Scene, seed: &mut Seed) -> Undo<'a> {
    let place = one(scene, seed);
    scene.clients().pause(place);
    Box::new(move || scene.clients().resume(place))
}

fn kill<'a>(scene: &'a Scene, seed: &mut Seed) -> Undo<'a> {
    scene.clients().replace(one(scene, seed));
    done()
}

fn stop_all<'a>(scene: &'a Scene, _: &mut Seed) -> Undo<'a> {
    let all = 0..scene.clients().count();
    all.clone().for_each(|place| scene.clients().pause(place));
    Box::new(move || all.for_each(|place| scene.clients().resume(place)))
}

fn stutter<'a>(scene: &'a Scene, seed: &mut Seed) -> Undo<'a> {
    let place = one(scene, seed);
    for _ in 0..10 {
        scene.clients().pause(place);
        sleep_ms(10 + seed.below(80));
        scene.clients().resume(place);
        sleep_ms(5 + seed.below(40));
    }
    done()
}

fn starve<'a>(_: &'a Scene, _: &mut Seed) -> Undo<'a> {
    let spin = || {
        let mut command = Command::new("sh");
        command.args(["-c", "while :; do :; done"]).stdin(Stdio::null()).stdout(Stdio::null());
        Process::start(&mut command)
    };
    let spinning: Vec<Process> = std::iter::repeat_with(spin).take(4).collect();
    Box::new(move || drop(spinning))
}
