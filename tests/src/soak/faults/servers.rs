//! Servers that stand still, die, and forget.

use super::{EVERYWHERE, Fault, Harm, Undo, done, sleep_ms};
use crate::Seed;
use crate::soak::scene::{On, Scene};

pub(super) const FAULTS: &[Fault] = &[
    Fault::in_place("server stopped, shorter than a lease", EVERYWHERE, Harm::Lease, (30, 100), stop),
    Fault::in_place("server stopped, longer than a lease", EVERYWHERE, Harm::Lease, (500, 200), stop),
    Fault::in_place("server stopped and continued in turns", EVERYWHERE, Harm::Lease, (0, 0), stutter),
    Fault::in_place(
        "server killed and started without data",
        &[On::Server],
        Harm::DataLoss,
        (50, 400),
        kill_empty,
    ),
    Fault::in_place(
        "server killed and started with an old snapshot",
        &[On::Server],
        Harm::DataLoss,
        (50, 400),
        kill_saved,
    ),
    Fault::in_place("server loading for a while", &[On::Server], Harm::DataLoss, (400, 200), load),
    Fault::in_place(
        "red master killed and started without data",
        &[On::Red],
        Harm::Lease,
        (50, 1500),
        kill_empty,
    ),
    Fault::in_place("majority of red masters stopped", &[On::Red], Harm::Lease, (200, 800), stop_majority),
    Fault::in_place(
        "connections refused while the server stands",
        EVERYWHERE,
        Harm::Lease,
        (100, 600),
        refuse,
    ),
];

fn stop<'a>(scene: &'a Scene, seed: &mut Seed) -> Undo<'a> {
    let server = scene.master(seed);
    server.pause();
    Box::new(|| server.resume())
}

fn stutter<'a>(scene: &'a Scene, seed: &mut Seed) -> Undo<'a> {
    let server = scene.master(seed);
    for _ in 0..8 {
        server.pause();
        sleep_ms(20 + seed.below(60));
        server.resume();
        sleep_ms(10 + seed.below(40));
    }
    done()
}

fn kill_empty<'a>(scene: &'a Scene, seed: &mut Seed) -> Undo<'a> {
    let server = scene.master(seed);
    server.kill();
    Box::new(|| server.restart_empty())
}

fn kill_saved<'a>(scene: &'a Scene, seed: &mut Seed) -> Undo<'a> {
    let server = scene.master(seed);
    server.must(&["SAVE"]);
    sleep_ms(seed.below(200));
    server.kill();
    Box::new(|| server.restart())
}

fn load<'a>(scene: &'a Scene, seed: &mut Seed) -> Undo<'a> {
    let server = scene.master(seed);
    server.restart_loading(std::time::Duration::from_millis(400));
    Box::new(|| {
        scene.until_whole();
        // What made it load is not the locks'.
        server.must(&["EVAL", "for i = 1, 24 do redis.call('DEL', '%filler' .. i) end return 0", "0"]);
    })
}

fn stop_majority<'a>(scene: &'a Scene, seed: &mut Seed) -> Undo<'a> {
    let spared = scene.master(seed).address();
    let stopped: Vec<_> = scene.servers().into_iter().filter(|server| server.address() != spared).collect();
    stopped.iter().for_each(|server| server.pause());
    Box::new(move || stopped.iter().for_each(|server| server.resume()))
}

fn refuse<'a>(scene: &'a Scene, seed: &mut Seed) -> Undo<'a> {
    let network = scene.network(seed);
    for proxy in &network {
        proxy.refuse(true);
        proxy.cut();
    }
    Box::new(move || network.iter().for_each(|proxy| proxy.heal()))
}
