//! Worlds in which nothing may go wrong, whatever goes wrong; and one in which a rule is missing.

use std::time::Duration;

use super::verdict::Verdict;
use super::world::{Setup, World};

/// Everything at once; the masters' clocks differ by nearly the longest lease, and all masters forget.
const STORM: Setup = Setup {
    name: "storm",
    masters: 3,
    forgetful: 3,
    max_lease: Duration::from_secs(1),
    skew_ms: 950,
    //        flush, restart, save, freeze, break, pause, kill
    every_ms: [2_500, 4_000, 1_500, 3_000, 1_500, 4_000, 8_000],
    lost: 10,
    slow: 30,
    abstains: true,
};
/// A minority forgets all the time, and is got back in between.
const MINORITY: Setup =
    Setup { name: "minority", forgetful: 1, every_ms: [900, 6_000, 1_500, 0, 1_500, 0, 0], ..STORM };
const FIVE: Setup = Setup { name: "five", masters: 5, forgetful: 2, ..STORM };
/// Parts get lost by links alone, and come back.
const LINKS: Setup = Setup { name: "links", every_ms: [0, 0, 0, 2_000, 500, 0, 0], ..STORM };

/// How many seeds to run: so many, unless `LOCK_SIM_SEEDS` says otherwise.
fn seeds(usual: u64) -> u64 {
    let wish = std::env::var("LOCK_SIM_SEEDS").ok().and_then(|text| text.parse().ok());
    wish.unwrap_or(usual)
}

fn run_all(setup: &Setup, seeds: u64) -> Verdict {
    let mut sum = Verdict::default();
    for seed in 0..seeds {
        let verdict = World::run(seed, setup);
        if !verdict.is_clean() && setup.abstains {
            eprintln!("{} seed {seed}: {verdict}", setup.name);
        }
        sum.add(&verdict);
    }
    eprintln!("red {}: {seeds} seeds, {sum}", setup.name);
    sum
}

fn nothing_is_violated(setup: &Setup) -> Verdict {
    let seeds = seeds(40);
    let sum = run_all(setup, seeds);
    assert!(sum.is_clean(), "{}: {sum}", setup.name);
    assert!(sum.holds > 5 * seeds, "{}: hardly anybody gets the lock: {sum}", setup.name);
    assert!(sum.repairs > seeds / 4, "{}: hardly anything is repaired: {sum}", setup.name);
    sum
}

#[test]
fn a_red_lock_has_one_holder_and_rising_tokens_in_a_storm() {
    let sum = nothing_is_violated(&STORM);
    assert!(sum.losses > 0 && sum.abstained > 0, "{sum}");
}

#[test]
fn a_red_lock_has_one_holder_and_rising_tokens_while_a_minority_forgets() {
    assert!(nothing_is_violated(&MINORITY).abstained > 0);
}

#[test]
fn a_red_lock_on_five_masters_has_one_holder_and_rising_tokens() {
    nothing_is_violated(&FIVE);
}

#[test]
fn a_red_lock_has_one_holder_and_rising_tokens_over_links_that_break() {
    nothing_is_violated(&LINKS);
}

#[test]
fn a_run_is_decided_by_its_seed() {
    for seed in 0..3 {
        let (one, two) = (World::run(seed, &STORM), World::run(seed, &STORM));
        assert_eq!(format!("{one:?}"), format!("{two:?}"));
    }
}

#[test]
fn without_abstaining_there_are_two_holders_and_tokens_that_fall() {
    let sum = run_all(&Setup { name: "no abstaining", abstains: false, ..STORM }, 40);
    assert!(sum.overlaps > 0 && sum.fallen_tokens > 0, "{sum}");
    let minority = run_all(&Setup { name: "no abstaining, minority", abstains: false, ..MINORITY }, 30);
    assert!(minority.overlaps > 0, "{minority}");
}
