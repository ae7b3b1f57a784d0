//! The kinds that stand in one queue, over processes that die or stand still.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use lock_core::{LockGuard, LockKind};
use lock_tests::{Seed, Server, Stage, check_order, check_together, each_server, leftovers, until};

use crate::taker::{Orders, PATIENCE, Taker, history, right};

/// The lease of the takers, and of every grant that they have not claimed yet, since it is below 3 s.
const LEASE: Duration = Duration::from_millis(1_500);
/// How often a waiter asks: three times in an unclaimed grant.
const REFRESH: Duration = Duration::from_millis(500);
/// For a busy machine.
const SLACK: Duration = Duration::from_millis(1_500);

/// Of the one who holds while the takers arrive. What a dead waiter leaves behind stays as long as the record: this long.
const LONGEST_LEASE: Duration = Duration::from_secs(8);

const WAITS: Orders<'static> = Orders { expire: LEASE, ..Orders::ONCE };

/// The lock `hot` of `stage`, held as a writer would.
fn hold(stage: &Stage) -> LockGuard {
    let locks = stage.manager_blocking();
    let request = locks.lock("hot").kind(LockKind::Write).expire(LONGEST_LEASE).renew(false);
    request.acquire_blocking().expect("it is free")
}

fn nothing_is_left(server: &Server) {
    until(PATIENCE, "nothing is left", || leftovers(server, "LOCK").is_empty());
}

#[test]
fn processes_are_served_in_the_order_of_their_arrival() {
    each_server(|binary| {
        let stage = Stage::on(binary);
        let (_folder, file) = history();
        let held = hold(&stage);
        let kinds = ["fair", "fair", "write", "fair", "read", "write", "fair"];
        let arrived = kinds.map(|kind| Taker::arrive(&stage, &file, Orders { kind, ..WAITS }));
        held.release_blocking().expect("it is held");
        let (mut takers, arrivals): (Vec<_>, Vec<_>) = arrived.into_iter().unzip();
        takers.iter_mut().for_each(Taker::ends_well);
        let holds = right(&file);
        assert_eq!(holds.len(), kinds.len());
        assert_eq!(check_order(&arrivals, &holds), []);
        nothing_is_left(stage.server());
    });
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Fate {
    Killed,
    Stopped,
}

/// Between two living waiters one meets its fate, and costs the one behind it no more than a grant that nobody claims and
/// a refresh.
fn a_dead_waiter_is_passed(kind: &str, kind_behind: &str) {
    each_server(|binary| {
        for fate in [Fate::Killed, Fate::Stopped] {
            let stage = Stage::on(binary);
            let (_folder, file) = history();
            let held = hold(&stage);
            let (mut first, _) = Taker::arrive(&stage, &file, Orders { kind: "fair", ..WAITS });
            let (mut meets_it, _) = Taker::arrive(&stage, &file, Orders { kind, ..WAITS });
            let (mut behind, _) = Taker::arrive(&stage, &file, Orders { kind: kind_behind, ..WAITS });
            match fate {
                Fate::Killed => meets_it.process.kill(),
                Fate::Stopped => meets_it.process.pause(),
            }
            held.release_blocking().expect("it is held");
            let released = Instant::now();
            first.says("held");
            assert!(released.elapsed() < SLACK, "{fate:?}: {:?}", released.elapsed());
            behind.says("held");
            let took = released.elapsed();
            eprintln!("{kind} {fate:?} on {}: {kind_behind} behind it holds after {took:?}", binary.label());
            assert!(took < LEASE + REFRESH + SLACK, "{kind} {fate:?}: {took:?}");
            behind.ends_well();
            first.ends_well();
            if fate == Fate::Stopped {
                // It has its turn after all, and believes in no grant that it slept through.
                meets_it.process.resume();
                meets_it.says("held");
                meets_it.ends_well();
            }
            let expected = if fate == Fate::Killed { 2 } else { 3 };
            assert_eq!(right(&file).len(), expected);
            nothing_is_left(stage.server());
        }
    });
}

#[test]
fn a_dead_fair_waiter_costs_an_unclaimed_grant_at_most() {
    a_dead_waiter_is_passed("fair", "fair");
}

#[test]
fn a_dead_writer_costs_the_reader_behind_it_an_unclaimed_grant_at_most() {
    a_dead_waiter_is_passed("write", "read");
}

#[test]
fn a_dead_reader_costs_the_writer_behind_it_an_unclaimed_grant_at_most() {
    a_dead_waiter_is_passed("read", "write");
}

/// A holder meets its fate; who waits has the lock when the lease is over.
fn a_dead_holder_is_passed(kind: &str, kind_behind: &str) {
    each_server(|binary| {
        for fate in [Fate::Killed, Fate::Stopped] {
            let stage = Stage::on(binary);
            let (_folder, file) = history();
            let mut holder = Taker::start(stage.server(), &file, Orders { kind, forever: true, ..WAITS });
            holder.says("held");
            match fate {
                Fate::Killed => holder.process.kill(),
                Fate::Stopped => holder.process.pause(),
            }
            let met = Instant::now();
            let mut next = Taker::start(stage.server(), &file, Orders { kind: kind_behind, ..WAITS });
            next.says("held");
            let took = met.elapsed();
            assert!(took < LEASE + REFRESH + SLACK, "{kind} {fate:?}: {took:?}");
            next.ends_well();
            if fate == Fate::Stopped {
                holder.process.resume();
                holder.says("lost");
                holder.ends_well();
            }
            assert_eq!(right(&file).len(), 2);
            nothing_is_left(stage.server());
        }
    });
}

#[test]
fn the_lock_of_a_dead_writer_passes_to_a_reader() {
    a_dead_holder_is_passed("write", "read");
}

#[test]
fn the_lock_of_a_dead_reader_passes_to_a_writer() {
    a_dead_holder_is_passed("read", "write");
}

#[test]
fn the_lock_of_a_dead_fair_holder_passes_on() {
    a_dead_holder_is_passed("fair", "fair");
}

#[test]
fn readers_and_writers_that_die_leave_the_rest_working() {
    each_server(|binary| {
        let server = Server::start(binary);
        let (_folder, file) = history();
        let mut seed = Seed::from_environment();
        let orders = |kind, count| Orders {
            kind,
            count,
            hold: Duration::from_millis(3),
            expire: Duration::from_millis(800),
            ..Orders::ONCE
        };
        let steady = ["read", "read", "read", "write", "write"];
        let mut steady = steady.map(|kind| Taker::start(&server, &file, orders(kind, 25)));
        for kind in ["read", "write", "read", "write"] {
            let mut dies = Taker::start(&server, &file, orders(kind, 1_000));
            dies.says("held");
            std::thread::sleep(Duration::from_millis(seed.below(40)));
            dies.process.kill();
        }
        steady.iter_mut().for_each(Taker::ends_well);
        let holds = right(&file);
        let readers = holds.iter().filter(|hold| hold.shared).count();
        assert!(readers >= 77 && holds.len() - readers >= 52, "{readers} of {}", holds.len());
        nothing_is_left(&server);
    });
}

#[test]
fn processes_that_take_several_in_opposite_orders_never_deadlock() {
    each_server(|binary| {
        let server = Server::start(binary);
        let (_folder, file) = history();
        let orders =
            |names, count| Orders { names, count, expire: Duration::from_millis(800), ..Orders::ONCE };
        let steady = ["a,b,c", "c,b,a", "b,a", "c,a", "b"].map(|names| (names, orders(names, 20)));
        let mut takers = steady.map(|(names, orders)| (names, Taker::start(&server, &file, orders)));
        // One dies in the midst of it.
        let mut dies = Taker::start(&server, &file, orders("c,a,b", 1_000));
        dies.says("held");
        dies.says("held");
        dies.process.kill();
        let mut asked: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let mut note = |names: &str, pid: u32, count: u32| {
            let names: BTreeSet<String> = names.split(',').map(|name| format!("LOCK:{name}")).collect();
            asked.extend((0..count).map(|round| (format!("process {pid}/{round}"), names.clone())));
        };
        for (names, taker) in &mut takers {
            note(names, taker.process.pid(), 20);
            taker.ends_well();
        }
        let holds = right(&file);
        // What was killed may not have written down all of its last hold.
        let dead = format!("process {}/", dies.process.pid());
        let (of_dead, holds): (Vec<_>, Vec<_>) =
            holds.into_iter().partition(|hold| hold.who.starts_with(&dead));
        assert!(of_dead.len() >= 6, "{of_dead:?}");
        assert_eq!(holds.len(), 20 * (3 + 3 + 2 + 2 + 1));
        assert_eq!(check_together(&asked, &holds), []);
        nothing_is_left(&server);
    });
}
