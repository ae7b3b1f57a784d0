//! Strikes by a seeded schedule.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use super::deck::Deck;
use super::faults::{Fault, Harm, OF_PROCESSES};
use super::scene::{On, Scene, any};
use crate::{Seed, now_ns};

/// Long enough to see that without a fault nothing is lost and nobody is overtaken.
const QUIET: Duration = Duration::from_secs(3);

/// A fault that struck, until all was well again.
#[derive(Clone, Debug)]
pub(super) struct Struck {
    pub(super) name: &'static str,
    pub(super) harm: Harm,
    /// Whether some clients could reach the servers meanwhile, and others not.
    pub(super) parts_clients: bool,
    pub(super) from_ns: u64,
    pub(super) until_ns: u64,
}

/// Strikes by a seeded schedule, and knows what came of it.
#[derive(Debug)]
pub(super) struct Nemesis<'a> {
    scene: &'a Scene,
    struck: Vec<Struck>,
    /// Where those of the latest round begin.
    latest: usize,
    masters: Vec<SocketAddr>,
    /// When all was well for the last time before that round.
    well_ns: u64,
}

impl<'a> Nemesis<'a> {
    pub(super) fn of(scene: &'a Scene) -> Self {
        Self { scene, struck: Vec::new(), latest: 0, masters: scene.masters(), well_ns: now_ns() }
    }

    /// Strikes again and again for about `length`, and heals everything each time.
    pub(super) fn torment(
        &mut self,
        (on, keep_data): (On, bool),
        deck: &mut Deck,
        length: Duration,
        seed: &mut Seed,
    ) {
        let start = Instant::now();
        // Something to break, and a look at what happens when nothing does.
        std::thread::sleep(QUIET);
        while start.elapsed() < length {
            self.strike(deck.draw(on, keep_data, seed), seed);
            // Now and then long enough to see what happens when nothing happens.
            let pause = if seed.below(8) == 0 { QUIET } else { Duration::from_millis(100 + seed.below(700)) };
            std::thread::sleep(pause);
            self.notice_failover();
        }
    }

    fn strike(&mut self, fault: &Fault, seed: &mut Seed) {
        let scene = self.scene;
        let from_ns = now_ns();
        let beside_first = seed.below(2) == 0;
        // Every third time the clients suffer too.
        let beside = (seed.below(3) == 0).then(|| any(seed, OF_PROCESSES));
        let faults: Vec<&Fault> = if beside_first {
            beside.into_iter().chain([fault]).collect()
        } else {
            [fault].into_iter().chain(beside).collect()
        };
        let lasts = fault.lasts.0 + seed.below(fault.lasts.1 + 1);
        let undo: Vec<_> = faults.iter().map(|fault| (fault.strike)(scene, seed)).collect();
        std::thread::sleep(Duration::from_millis(lasts));
        undo.into_iter().for_each(|undo| undo());
        scene.until_whole();
        let until_ns = now_ns();
        self.well_ns = self.struck.last().map_or(self.well_ns, |before| before.until_ns);
        self.latest = self.struck.len();
        let struck = |fault: &&Fault| Struck {
            name: fault.name,
            harm: fault.harm,
            parts_clients: fault.parts_clients(),
            from_ns,
            until_ns,
        };
        self.struck.extend(faults.iter().map(struck));
        if fault.moves_masters {
            self.masters = scene.masters();
        }
    }

    /// A master that stood still for a moment too long is given up without an order, and what it had not passed on is gone.
    /// Nobody tells when: between the last time that all was well and now.
    fn notice_failover(&mut self) {
        if self.masters == self.scene.masters() {
            return;
        }
        self.scene.until_whole();
        let now = self.scene.masters();
        // A node that was too busy to answer was none the less what it is.
        if self.masters != now {
            self.masters = now;
            for fault in &mut self.struck[self.latest..] {
                fault.harm = fault.harm.max(Harm::DataLoss);
                fault.from_ns = fault.from_ns.min(self.well_ns);
                fault.until_ns = now_ns();
            }
        }
    }

    /// All that struck, now that the clients have ended.
    pub(super) fn ended(mut self) -> Vec<Struck> {
        self.notice_failover();
        self.struck
    }
}
