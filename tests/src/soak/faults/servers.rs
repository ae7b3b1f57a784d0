//! Servers that stand still, die, and forget.

use super::{EVERYWHERE, Fault, Harm, Undo, done, sleep_ms};
use crate::Seed;
use crate::soak::scene::{On, Scene};

pub(super) const FAULTS: &[Fault] = &[
    Fault {
        name: "server stopped, shorter than a lease",
        on: EVERYWHERE,
        harm: Harm::Lease,
        moves_masters: false,
        lasts: (30, 100),
        strike: stop,
    },
    Fault {
        name: "server stopped, longer than a lease",
        on: EVERYWHERE,
        harm: Harm::Lease,
        moves_masters: false,
        lasts: (500, 200),
        strike: stop,
    },
    Fault {
        name: "server stopped and continued in turns",
        on: EVERYWHERE,
        harm: Harm::Lease,
        moves_masters: false,
        lasts: (0, 0),
        strike: stutter,
    },
    Fault {
        name: "server killed and started without data",
        on: &[On::Server],
        harm: Harm::DataLoss,
        moves_masters: false,
        lasts: (50, 400),
        strike: kill_empty,
    },
    Fault {
        name: "server killed and started with an old snapshot",
        on: &[On::Server],
        harm: Harm::DataLoss,
        moves_masters: false,
        lasts: (50, 400),
        strike: kill_saved,
    },
    Fault {
        name: "server loading for a while",
        on: &[On::Server],
        harm: Harm::DataLoss,
        moves_masters: false,
        lasts: (400, 200),
        strike: load,
    },
    Fault {
        name: "red master killed and started without data",
        on: &[On::Red],
        harm: Harm::Lease,
        moves_masters: false,
        lasts: (50, 1500),
        strike: kill_empty,
    },
    Fault {
        name: "majority of red masters stopped",
        on: &[On::Red],
        harm: Harm::Lease,
        moves_masters: false,
        lasts: (200, 800),
        strike: stop_majority,
    },
    Fault {
        name: "connections refused while the server stands",
        on: EVERYWHERE,
        harm: Harm::Lease,
        moves_masters: false,
        lasts: (100, 600),
        strike: refuse,
    },
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
