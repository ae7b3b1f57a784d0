//! Several processes on one lock; some of them die.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use lock_core::LockManager;
use lock_tests::{Hold, Process, Scratch, Seed, Server, check, each_server, leftovers, read, until};

const PATIENCE: Duration = Duration::from_secs(60);

/// A lock taker and what it says.
struct Taker {
    process: Process,
    lines: Receiver<String>,
}

impl Taker {
    /// Takes `LOCK:hot` `count` times for `hold` each.
    fn start(
        server: &Server,
        history: &Path,
        count: u32,
        hold: Duration,
        expire: Duration,
        more: &[&str],
    ) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lock-taker"));
        command.args([&server.url(), "hot", &count.to_string(), &hold.as_millis().to_string()]);
        command.args([&expire.as_millis().to_string(), &PATIENCE.as_millis().to_string()]);
        command.arg(history).args(more).stdin(Stdio::null()).stdout(Stdio::piped());
        let mut process = Process::start(&mut command);
        let output = process.child().stdout.take().expect("it is piped");
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        Self { process, lines }
    }

    /// Waits until it says something that begins with `word`.
    fn says(&self, word: &str) {
        let start = Instant::now();
        while let Ok(line) = self.lines.recv_timeout(PATIENCE.saturating_sub(start.elapsed())) {
            if line.starts_with(word) {
                return;
            }
        }
        panic!("a lock taker does not say {word:?}");
    }

    /// Waits for its good end.
    fn ends_well(&mut self) {
        until(PATIENCE, "the lock taker has ended", || self.process.ended().is_some());
        assert!(self.process.wait().success());
    }
}

/// A place for histories.
fn history() -> (Scratch, PathBuf) {
    let folder = Scratch::new();
    let file = folder.path().join("history");
    (folder, file)
}

/// The history, in the order of the grants, after it was found right.
fn right(file: &Path) -> Vec<Hold> {
    let mut holds = read(file).expect("a history");
    let wrong: Vec<String> = check(&holds).iter().map(ToString::to_string).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    holds.sort_by_key(|hold| hold.token);
    holds
}

#[test]
fn processes_hold_one_after_the_other() {
    each_server(|binary| {
        let server = Server::start(binary);
        let (_folder, file) = history();
        let short = Duration::from_millis(1);
        let mut takers: Vec<Taker> =
            (0..4).map(|_| Taker::start(&server, &file, 25, short, Duration::from_secs(5), &[])).collect();
        takers.iter_mut().for_each(Taker::ends_well);
        let holds = right(&file);
        assert_eq!(holds.len(), 100);
        let who: BTreeSet<&str> = holds.iter().map(|hold| &*hold.who).collect();
        assert_eq!(who.len(), 4);
        until(Duration::from_secs(6), "nothing is left", || leftovers(&server, "LOCK").is_empty());
    });
}

#[test]
fn the_lock_of_a_killed_process_passes_on_when_its_lease_ends() {
    each_server(|binary| {
        let server = Server::start(binary);
        let (_folder, file) = history();
        let lease = Duration::from_secs(1);
        let mut dies = Taker::start(&server, &file, 1, Duration::ZERO, lease, &["--hold-forever"]);
        dies.says("held");
        let mut waits = Taker::start(&server, &file, 3, Duration::from_millis(1), lease, &[]);
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
        let lease = Duration::from_secs(1);
        let mut sleeps = Taker::start(&server, &file, 1, Duration::ZERO, lease, &["--hold-forever"]);
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
        let (hold, lease) = (Duration::from_millis(5), Duration::from_millis(800));
        let mut steady: Vec<Taker> =
            (0..2).map(|_| Taker::start(&server, &file, 60, hold, lease, &[])).collect();
        for _ in 0..ROUNDS {
            let mut dies = Taker::start(&server, &file, 1_000, hold, lease, &[]);
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
