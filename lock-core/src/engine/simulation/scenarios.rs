//! Worlds in which nothing may go wrong, whatever goes wrong.

use super::setup::Setup;
use super::verdict::Verdict;
use super::world::World;

/// How many seeds to run: so many, unless `LOCK_SIM_SEEDS` says otherwise.
fn seeds(usual: u64) -> u64 {
    let wish = std::env::var("LOCK_SIM_SEEDS").ok().and_then(|text| text.parse().ok());
    wish.unwrap_or(usual)
}

pub(super) fn run_all(setup: &Setup, seeds: u64) -> Verdict {
    let mut sum = Verdict::default();
    for seed in 0..seeds {
        let verdict = World::run(seed, setup);
        if !verdict.is_clean() {
            eprintln!("{} seed {seed}: {verdict}", setup.name);
        }
        sum.add(verdict);
    }
    eprintln!("{}: {seeds} seeds, {sum}", setup.name);
    sum
}

fn nothing_is_violated(setup: &Setup, usual: u64) {
    is_clean(setup, seeds(usual));
}

fn is_clean(setup: &Setup, seeds: u64) {
    let sum = run_all(setup, seeds);
    assert!(sum.is_clean(), "{}: {sum}", setup.name);
    assert!(sum.holds > seeds, "{}: nobody gets the lock", setup.name);
}

#[test]
fn no_promise_is_broken_in_a_storm() {
    nothing_is_violated(&Setup::STORM, 100);
}

#[test]
fn no_promise_is_broken_on_one_hot_lock() {
    nothing_is_violated(&Setup::HOT, 100);
}

#[test]
fn no_promise_is_broken_among_mixed_leases() {
    nothing_is_violated(&Setup::MIXED, 100);
}

#[test]
fn no_promise_is_broken_over_broken_connections() {
    nothing_is_violated(&Setup::BREAKS, 100);
}

#[test]
fn no_promise_is_broken_by_requests_that_go_again() {
    nothing_is_violated(&Setup::SENT_AGAIN, 100);
    nothing_is_violated(&Setup::READERS_SENT_AGAIN, 100);
}

#[test]
fn a_killed_holder_is_followed() {
    nothing_is_violated(&Setup::KILLS, 50);
}

#[test]
fn nobody_is_overtaken_when_the_server_stalls() {
    nothing_is_violated(&Setup::STALLS, 100);
}

#[test]
fn blocked_tasks_hold_nobody_up_for_long() {
    nothing_is_violated(&Setup::BLOCKED, 100);
}

#[test]
fn busy_is_said_only_when_it_is_so() {
    nothing_is_violated(&Setup::CALM, 20);
}

#[test]
fn tokens_rise_when_the_server_loses_its_data() {
    nothing_is_violated(&Setup::DATA_LOSS, 100);
}

#[test]
fn a_message_that_cannot_be_true_is_not_believed_in_a_storm() {
    nothing_is_violated(&Setup::FORGED, 100);
}

#[test]
fn a_message_that_cannot_be_true_changes_nothing_in_calm() {
    nothing_is_violated(&Setup::FORGED_IN_CALM, 30);
}

#[test]
fn an_extension_is_what_the_server_has_given() {
    nothing_is_violated(&Setup::EXTENDED, 100);
}

#[test]
fn an_extension_is_answered_soon() {
    nothing_is_violated(&Setup::EXTENDED_IN_CALM, 30);
}

#[test]
fn no_promise_is_broken_among_fair_callers_and_others() {
    nothing_is_violated(&Setup::FAIR, 100);
}

#[test]
fn fair_callers_are_told_busy_only_when_it_is_so() {
    nothing_is_violated(&Setup::FAIR_IN_CALM, 20);
}

#[test]
fn blocked_fair_callers_hold_nobody_up_for_long() {
    nothing_is_violated(&Setup::FAIR_BLOCKED, 100);
}

#[test]
fn no_promise_is_broken_among_readers_and_writers() {
    nothing_is_violated(&Setup::READERS, 100);
}

#[test]
fn readers_and_writers_are_served_in_order() {
    nothing_is_violated(&Setup::READERS_HOT, 100);
}

#[test]
fn readers_and_writers_are_told_busy_only_when_it_is_so() {
    nothing_is_violated(&Setup::READERS_IN_CALM, 30);
}

#[test]
fn blocked_readers_hold_nobody_up_for_long() {
    nothing_is_violated(&Setup::READERS_BLOCKED, 100);
}

#[test]
fn killed_readers_are_followed() {
    nothing_is_violated(&Setup::READERS_KILLED, 50);
}

#[test]
fn tokens_of_readers_rise_when_the_server_loses_its_data() {
    nothing_is_violated(&Setup::READERS_DATA_LOSS, 100);
}

#[test]
fn no_promise_is_broken_among_thousands_of_holds() {
    // One such world is as much work as several hundred others.
    is_clean(&Setup::MANY, seeds(1).div_ceil(300));
}

#[test]
fn a_seed_decides_everything() {
    for seed in 0..5 {
        let (once, again) = (World::run(seed, &Setup::STORM), World::run(seed, &Setup::STORM));
        assert_eq!(once.to_string(), again.to_string(), "seed {seed}");
    }
}
