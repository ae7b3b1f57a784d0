//! Lock takers, and what they have done.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use lock_tests::{Arrival, Hold, Process, Scratch, Server, Stage, check, now_ns, read, until};

pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// What a lock taker is to do.
#[derive(Clone, Copy)]
pub(crate) struct Orders<'a> {
    /// Separated by commas.
    pub(crate) names: &'a str,
    pub(crate) kind: &'a str,
    pub(crate) count: u32,
    pub(crate) hold: Duration,
    pub(crate) expire: Duration,
    /// The first one, until it is killed.
    pub(crate) forever: bool,
    /// Where the last one is dropped, instead of released.
    pub(crate) drops: Option<&'a str>,
}

impl Orders<'_> {
    /// One short hold.
    pub(crate) const ONCE: Orders<'static> = Orders {
        names: "hot",
        kind: "reentrant",
        count: 1,
        hold: Duration::from_millis(1),
        expire: Duration::from_secs(1),
        forever: false,
        drops: None,
    };
}

/// A lock taker and what it says.
pub(crate) struct Taker {
    pub(crate) process: Process,
    lines: Receiver<String>,
}

impl Taker {
    pub(crate) fn start(server: &Server, history: &Path, orders: Orders<'_>) -> Self {
        Self::start_at(&server.url(), history, orders)
    }

    /// At several, separated by commas.
    pub(crate) fn start_at(urls: &str, history: &Path, orders: Orders<'_>) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lock-taker"));
        let ms = |duration: Duration| duration.as_millis().to_string();
        command.args([urls, orders.names, &orders.count.to_string(), &ms(orders.hold)]);
        command.args([ms(orders.expire), ms(PATIENCE)]).arg(history).args(["--kind", orders.kind]);
        command.args(orders.drops.into_iter().flat_map(|place| ["--drop", place]));
        command.args(orders.forever.then_some("--hold-forever")).stdin(Stdio::null()).stdout(Stdio::piped());
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

    /// Starts one that finds the lock `hot` held, and returns when it has taken its place in the queue.
    pub(crate) fn arrive(stage: &Stage, history: &Path, orders: Orders<'_>) -> (Self, Arrival) {
        let length = || stage.record_length("hot").expect("it is on a server");
        let (before, asked_ns) = (length(), now_ns());
        let taker = Self::start(stage.server(), history, orders);
        taker.says("ready");
        // A place makes the record longer by an id.
        until(PATIENCE, "the lock taker is in the queue", || length() >= before + 32);
        let who = format!("process {}/0", taker.process.pid());
        let arrival = Arrival { name: stage.name("hot"), who, asked_ns, queued_ns: now_ns() };
        (taker, arrival)
    }

    /// Waits until it says something that begins with `word`.
    pub(crate) fn says(&self, word: &str) {
        let start = Instant::now();
        while let Ok(line) = self.lines.recv_timeout(PATIENCE.saturating_sub(start.elapsed())) {
            if line.starts_with(word) {
                return;
            }
        }
        panic!("a lock taker does not say {word:?}");
    }

    /// Waits for its good end.
    pub(crate) fn ends_well(&mut self) {
        until(PATIENCE, "the lock taker has ended", || self.process.ended().is_some());
        assert!(self.process.wait().success());
    }
}

/// A place for histories.
pub(crate) fn history() -> (Scratch, PathBuf) {
    let folder = Scratch::new();
    let file = folder.path().join("history");
    (folder, file)
}

/// The history, in the order of the grants, after it was found right.
pub(crate) fn right(file: &Path) -> Vec<Hold> {
    let mut holds = read(file).expect("a history");
    let wrong: Vec<String> = check(&holds).iter().map(ToString::to_string).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    holds.sort_by_key(|hold| hold.token);
    holds
}
