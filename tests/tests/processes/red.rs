//! Red locks of processes that die or stand still.

use std::time::{Duration, Instant};

use lock_tests::{Masters, Process, each_server, until};

use crate::taker::{Orders, PATIENCE, Taker, history, right};

const LEASE: Duration = Duration::from_millis(1_500);
/// A holder renews when a third of its lease is over, so two thirds are left to the next one's wait, but for a busy machine.
const LEFT_AT_LEAST: Duration = Duration::from_millis(750);
/// Who waits asks all masters again after half a second at most; the rest is for a busy machine.
const SLACK: Duration = Duration::from_secs(2);

const RED: Orders<'static> = Orders { kind: "red", expire: LEASE, ..Orders::ONCE };

/// A holder meets its fate; who waits has the lock when the lease is over, and not before.
fn a_dead_holder_is_passed(name: &str, meets_it: fn(&mut Process), then: fn(&mut Taker)) {
    each_server(|binary| {
        let masters = Masters::start(binary, 3);
        let urls = masters.urls().join(",");
        let (_folder, file) = history();
        let mut holder = Taker::start_at(&urls, &file, Orders { forever: true, ..RED });
        holder.says("held");
        let mut next = Taker::start_at(&urls, &file, RED);
        next.says("ready");
        meets_it(&mut holder.process);
        let met = Instant::now();
        next.says("held");
        let took = met.elapsed();
        eprintln!("{name} on {}: the next one holds after {took:?}", binary.label());
        assert!(took > LEFT_AT_LEAST, "{name}: {took:?}, the lease was not over");
        assert!(took < LEASE + SLACK, "{name}: {took:?}");
        next.ends_well();
        then(&mut holder);
        let holds = right(&file);
        assert_eq!(holds.len(), 2);
        until(PATIENCE, "nothing is left", || masters.leftovers().is_empty());
    });
}

#[test]
fn the_red_lock_of_a_killed_process_passes_on_when_its_lease_ends() {
    a_dead_holder_is_passed("killed", Process::kill, |_| {});
}

#[test]
fn a_process_that_slept_through_its_red_lease_knows_when_it_wakes() {
    a_dead_holder_is_passed("stopped", Process::pause, |holder| {
        holder.process.resume();
        holder.says("lost");
        holder.ends_well();
    });
}

#[test]
fn processes_that_take_a_red_lock_and_die_leave_the_rest_working() {
    each_server(|binary| {
        let masters = Masters::start(binary, 3);
        let urls = masters.urls().join(",");
        let (_folder, file) = history();
        let orders = |count| Orders { count, hold: Duration::from_millis(3), ..RED };
        let mut steady = [(); 3].map(|()| Taker::start_at(&urls, &file, orders(15)));
        for _ in 0..2 {
            let mut dies = Taker::start_at(&urls, &file, orders(1_000));
            dies.says("held");
            dies.process.kill();
        }
        steady.iter_mut().for_each(Taker::ends_well);
        let holds = right(&file);
        assert!(holds.len() >= 47, "{}", holds.len());
        until(PATIENCE, "nothing is left", || masters.leftovers().is_empty());
    });
}
