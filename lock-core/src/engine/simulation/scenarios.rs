//! Worlds in which nothing may go wrong, whatever goes wrong.

use super::setup::Setup;
use super::verdict::Verdict;
use super::world::World;

/// How many seeds to run: so many, unless `LOCK_SIM_SEEDS` says otherwise.
fn seeds(usual: u64) -> u64 {
    let wish = std::env::var("LOCK_SIM_SEEDS")
        .ok()
        .and_then(|text| text.parse().ok());
    wish.unwrap_or(usual)
}

pub(super) fn run_all(setup: &Setup, seeds: u64) -> Verdict {
    let mut sum = Verdict::default();
    for seed in 0..seeds {
        sum.add(World::run(seed, setup));
    }
    eprintln!("{}: {seeds} seeds, {sum}", setup.name);
    sum
}

#[test]
fn no_promise_is_broken_in_a_storm() {
    let sum = run_all(&Setup::STORM, seeds(40));
    assert!(sum.is_clean(), "violations, see above");
    assert!(sum.holds > 1000, "the storm lets nobody in");
}
