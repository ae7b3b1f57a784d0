//! Each rule switched off, and the violation that it prevents: so we know that the rule is needed, and that the checks
//! would notice. The same worlds with all rules on show none.

use super::mutation::Mutation;
use super::scenarios::run_all;
use super::setup::Setup;
use super::verdict::{Verdict, Violation};
use super::world::World;
use crate::engine::rules::Rules;

/// By then a rule that is needed has been missed.
const SEEDS: u64 = 150;

/// Runs seeds until the violation is found. The same seeds with every rule on are clean.
fn is_found(without: &Setup, violation: Violation) {
    let mut sum = Verdict::default();
    for seed in 0..SEEDS {
        sum.add(World::run(seed, without));
        if sum.count(violation) > 0 {
            eprintln!("{} without the rule, after {} seeds: {sum}", without.name, seed + 1);
            let all = Setup { rules: Rules::ALL, mutation: Mutation::None, ..without.clone() };
            for seed in 0..=seed {
                let verdict = World::run(seed, &all);
                assert!(verdict.is_clean(), "with all rules, seed {seed}: {verdict}");
            }
            return;
        }
    }
    panic!("{violation:?} was not found: {sum}");
}

fn client_without(setup: Setup, off: impl FnOnce(&mut Rules)) -> Setup {
    let mut rules = Rules::ALL;
    off(&mut rules);
    Setup { rules, ..setup }
}

fn server_with(setup: Setup, mutation: Mutation) -> Setup {
    Setup { mutation, ..setup }
}

#[test]
fn a_lease_counts_from_the_sending() {
    let without = client_without(Setup::HOT, |rules| rules.from_send = false);
    is_found(&without, Violation::Overlap);
}

#[test]
fn a_repeated_acquire_counts_what_is_left() {
    let without = client_without(Setup::BREAKS, |rules| rules.stated_left = false);
    is_found(&without, Violation::Overlap);
}

#[test]
fn the_server_states_what_is_left() {
    is_found(&server_with(Setup::BREAKS, Mutation::AskedLease), Violation::Overlap);
}

#[test]
fn a_grant_is_above_the_floor() {
    let without = client_without(Setup::HOT, |rules| rules.floor = false);
    is_found(&without, Violation::Overlap);
}

#[test]
fn an_extension_never_shortens() {
    is_found(&server_with(Setup::MIXED, Mutation::Shortens), Violation::Unbacked);
}

#[test]
fn a_refresh_never_enqueues() {
    is_found(&server_with(Setup::HOT, Mutation::RefreshEnqueues), Violation::Orphan);
}

#[test]
fn every_operation_settles_first() {
    is_found(&server_with(Setup::KILLS, Mutation::NotSettled), Violation::Idle);
}

#[test]
fn an_acquire_does_not_pass_the_queue() {
    is_found(&server_with(Setup::HOT, Mutation::AcquirePasses), Violation::Overtaken);
}

#[test]
fn to_leave_is_to_release() {
    is_found(&server_with(Setup::HOT, Mutation::LeaveOnly), Violation::Orphan);
}

#[test]
fn a_late_copy_refuses_itself() {
    is_found(&server_with(Setup::HOT, Mutation::NoNotAfter), Violation::Orphan);
}

#[test]
fn an_undo_is_repeated_until_no_copy_can_run() {
    let without = client_without(Setup::HOT, |rules| rules.repeat_undo = false);
    is_found(&without, Violation::Orphan);
}

#[test]
fn to_try_once_never_enqueues() {
    is_found(&server_with(Setup::STORM, Mutation::TryEnqueues), Violation::Orphan);
}

#[test]
fn a_ticket_keeps_the_place() {
    is_found(&server_with(Setup::STALLS, Mutation::NoTicket), Violation::Overtaken);
}

#[test]
fn an_unclaimed_offer_lapses() {
    let without = client_without(Setup::BLOCKED, |rules| rules.unclaimed_lapses = false);
    is_found(&without, Violation::Unclaimed);
}

#[test]
fn little_lease_is_confirmed_before_the_body() {
    let without = client_without(Setup::HOT, |rules| rules.confirm = false);
    is_found(&without, Violation::LateStart);
}

#[test]
fn who_comes_joins_the_release_under_way() {
    let without = client_without(Setup::CALM, |rules| rules.join_release = false);
    is_found(&without, Violation::FalseBusy);
}

#[test]
fn waiters_die_without_a_heartbeat() {
    is_found(&server_with(Setup::STORM, Mutation::NoHeartbeat), Violation::Leak);
}

#[test]
fn an_older_answer_changes_nothing() {
    let without = client_without(Setup::STORM, |rules| rules.latest_answer = false);
    is_found(&without, Violation::Overlap);
}

/// The floor alone keeps stale grants out: a new id is the second lock on that door, and no promise hangs on it.
#[test]
fn after_gone_a_new_id_is_not_all_that_protects() {
    let without = client_without(Setup::HOT, |rules| rules.new_id = false);
    let sum = run_all(&without, SEEDS);
    assert_eq!(sum.count(Violation::Overlap) + sum.count(Violation::Unbacked), 0, "{sum}");
}

/// A waiter that cannot be told would find the grant with its next refresh: the rule saves others the time until then.
#[test]
fn a_waiter_that_cannot_be_told_is_skipped() {
    is_found(&server_with(Setup::HOT, Mutation::NotSkipped), Violation::ToNobody);
}

/// Its ticket would bring it back to its place: the rule saves it the way.
#[test]
fn a_waiter_that_is_skipped_keeps_its_place() {
    is_found(&server_with(Setup::HOT, Mutation::SkippedLoses), Violation::Displaced);
}
