//! Strikes by a seeded schedule.

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
    pub(super) from_ns: u64,
    pub(super) until_ns: u64,
}

/// Strikes again and again for about `length`, and heals everything each time.
pub(super) fn torment(
    scene: &Scene,
    (on, keep_data): (On, bool),
    deck: &mut Deck,
    length: Duration,
    seed: &mut Seed,
) -> Vec<Struck> {
    let (start, mut struck) = (Instant::now(), Vec::<Struck>::new());
    let mut masters = scene.masters();
    // Something to break, and a look at what happens when nothing does.
    std::thread::sleep(QUIET);
    while start.elapsed() < length {
        let fault = deck.draw(on, keep_data, seed);
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
        let first = struck.len();
        struck.extend(faults.iter().map(|fault| Struck {
            name: fault.name,
            harm: fault.harm,
            from_ns,
            until_ns,
        }));
        // Now and then long enough to see what happens when nothing happens.
        let pause = if seed.below(8) == 0 { QUIET } else { Duration::from_millis(100 + seed.below(700)) };
        std::thread::sleep(pause);
        // A master that stood still for a moment too long was given up without an order: what it had not passed on is gone.
        let now = scene.masters();
        if masters != now {
            masters = now;
            for fault in &mut struck[first..] {
                (fault.harm, fault.until_ns) = (fault.harm.max(Harm::DataLoss), now_ns());
            }
        }
    }
    struck
}
