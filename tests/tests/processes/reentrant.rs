//! The fastest kind.

use std::collections::BTreeSet;
use std::process::Command;
use std::time::{Duration, Instant};

use lock_core::LockManager;
use lock_tests::{Seed, Server, each_server, leftovers, read, until};

use crate::taker::{Orders, PATIENCE, Taker, history, right};

#[test]
fn processes_hold_one_after_the_other() {
    each_server(|binary| {
        let server = Server::start(binary);
        let (_folder, file) = history();
        let orders = Orders { count: 25, expire: Duration::from_secs(5), ..Orders::ONCE };
        let mut takers: Vec<Taker> = (0..4).map(|_| Taker::start(&server, &file, orders)).collect();
        takers.iter_mut().for_each(Taker::ends_well);
        let holds = right(&file);
        assert_eq!(holds.len(), 100);
        let who: BTreeSet<&str> = holds.iter().filter_map(|hold| hold.who.split('/').next()).collect();
        assert_eq!(who.len(), 4);
        until(Duration::from_secs(6), "nothing is left", || leftovers(&server, "LOCK").is_empty());
    });
}

#[test]
fn the_lock_of_a_killed_process_passes_on_when_its_lease_ends() {
    each_server(|binary| {
        let server = Server::start(binary);
        let (_folder, file) = history();
        let lease = Orders::ONCE.expire;
        let mut dies = Taker::start(&server, &file, Orders { forever: true, ..Orders::ONCE });
        dies.says("held");
        let mut waits = Taker::start(&server, &file, Orders { count: 3, ..Orders::ONCE });
        waits.says("ready");
        // It has renewed more than once when it dies.
        until(PATIENCE, "it holds on", || {
            let holds = read(&file).expect("a history");
            holds.iter().any(|hold| hold.until_ns - hold.from_ns > 2_500_000_000)
        });
        dies.process.kill();
        let killed = Instant::now();
        waits.says("held");
        let took = killed.elapsed();
        assert!(took < lease + Duration::from_millis(1_500), "{took:?}");
        waits.ends_well();
        assert_eq!(right(&file).len(), 4);
        until(Duration::from_secs(6), "nothing is left", || leftovers(&server, "LOCK").is_empty());
    });
}

#[test]
fn a_process_that_slept_through_its_lease_knows_when_it_wakes() {
    each_server(|binary| {
        let server = Server::start(binary);
        let (_folder, file) = history();
        let mut sleeps = Taker::start(&server, &file, Orders { forever: true, ..Orders::ONCE });
        sleeps.says("held");
        sleeps.process.pause();
        // The next one holds beside a sleeper who still believes.
        let next = LockManager::connect_blocking(&server.url()).expect("it connects");
        let guard = next.lock("hot").wait(PATIENCE).acquire_blocking().expect("the lease ends");
        let taken = lock_tests::now_ns();
        sleeps.process.resume();
        sleeps.says("lost");
        sleeps.ends_well();
        assert!(!guard.is_lost());
        let holds = right(&file);
        assert!(holds[0].until_ns <= taken, "it believed to hold after the next one did");
    });
}

#[test]
fn processes_that_die_again_and_again_leave_the_rest_working() {
    const ROUNDS: usize = 6;
    each_server(|binary| {
        let server = Server::start(binary);
        let (_folder, file) = history();
        let mut seed = Seed::from_environment();
        let expire = Duration::from_millis(800);
        let orders = |count| Orders { count, hold: Duration::from_millis(5), expire, ..Orders::ONCE };
        let mut steady: Vec<Taker> = (0..2).map(|_| Taker::start(&server, &file, orders(60))).collect();
        for _ in 0..ROUNDS {
            let mut dies = Taker::start(&server, &file, orders(1_000));
            dies.says("held");
            std::thread::sleep(Duration::from_millis(seed.below(60)));
            dies.process.kill();
        }
        steady.iter_mut().for_each(Taker::ends_well);
        let holds = right(&file);
        assert!(holds.len() >= 120 + ROUNDS, "{}", holds.len());
        until(Duration::from_secs(6), "nothing is left", || leftovers(&server, "LOCK").is_empty());
    });
}

#[test]
fn the_lock_taker_says_how_it_is_used() {
    let output = Command::new(env!("CARGO_BIN_EXE_lock-taker")).output().expect("it can be started");
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("usage: lock-taker"));
}
