//! What the nemesis can do: each fault a name, where it applies, what it may cost, and how it strikes and is undone.

mod admin;
mod clock;
mod cluster;
mod network;
mod processes;
mod sentinel;
mod servers;

use std::time::Duration;

use super::scene::{On, Scene};
use crate::{Seed, Server};

/// What a fault may cost at worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Harm {
    /// Nothing: who holds goes on to hold.
    Nothing,
    /// Leases that can't be renewed in time. Never exclusion.
    Lease,
    /// The server forgets, so that two can hold until the older lease is over.
    DataLoss,
    /// Its clock is wrong: leases end early, and fencing tokens need not rise while it goes back.
    Clock,
}

/// Ends a fault.
pub(super) type Undo<'a> = Box<dyn FnOnce() + 'a>;

/// Begins a fault.
pub(super) type Strike = for<'a> fn(&'a Scene, &mut Seed) -> Undo<'a>;

pub(super) struct Fault {
    pub(super) name: &'static str,
    pub(super) on: &'static [On],
    pub(super) harm: Harm,
    /// Another server may become the master by it: that is part of it, and `harm` says what it costs.
    pub(super) moves_masters: bool,
    /// How long it lasts between strike and undo, in ms: at least, and how much more at most.
    pub(super) lasts: (u64, u64),
    pub(super) strike: Strike,
}

impl Fault {
    /// One that leaves the masters where they are.
    const fn in_place(
        name: &'static str,
        on: &'static [On],
        harm: Harm,
        lasts: (u64, u64),
        strike: Strike,
    ) -> Self {
        Self { name, on, harm, moves_masters: false, lasts, strike }
    }
}

impl Fault {
    /// Whether it may keep some clients from the servers, and others not.
    pub(super) fn parts_clients(&self) -> bool {
        network::FAULTS.iter().any(|fault| fault.name == self.name)
    }
}

impl std::fmt::Debug for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

/// All of them.
pub(super) const FAULTS: &[&[Fault]] = &[
    servers::FAULTS,
    admin::FAULTS,
    clock::FAULTS,
    network::FAULTS,
    sentinel::FAULTS,
    cluster::FAULTS,
    processes::FAULTS,
];
/// Those that hit clients alone, and may come on top of another.
pub(super) const OF_PROCESSES: &[Fault] = processes::FAULTS;

const EVERYWHERE: &[On] = &On::ALL;

/// It was over when the strike returned.
fn done() -> Undo<'static> {
    Box::new(|| {})
}

fn sleep_ms(ms: u64) {
    std::thread::sleep(Duration::from_millis(ms));
}

/// Says something to a server that may answer with an error, or not at all: what it is told may be what it is ill with.
fn tell(server: &Server, arguments: &[&str]) {
    let _ = server.connect().and_then(|mut connection| connection.command(arguments));
}
