//! One of the processes.

use std::time::Duration;

use super::holds::now;
use super::{ring, waiters};
use crate::runtime;

/// The first argument of a process that is one.
pub(crate) const WORKER: &str = "worker-of-hand-over";
/// What it prints when it is connected, and when it has printed its holds.
pub(super) const READY: &str = "ready";
pub(super) const DONE: &str = "done";

/// How long everybody holds.
const HOLD: Duration = Duration::from_millis(1);

/// What a worker was told.
pub(super) struct Told {
    pub(super) url: String,
    pub(super) process: usize,
    pub(super) tasks: usize,
}

/// From when to when it works, by [`now`].
#[derive(Clone, Copy)]
pub(super) struct Term {
    begin: u64,
    end: u64,
}

impl Term {
    /// Says that everything is prepared, and reads the term.
    pub(super) fn agree() -> Self {
        println!("{READY}");
        let mut line = String::new();
        std::io::stdin().read_line(&mut line).unwrap();
        let (begin, end) = line.trim().split_once(' ').unwrap();
        Self { begin: begin.parse().unwrap(), end: end.parse().unwrap() }
    }

    pub(super) async fn begun(self) {
        tokio::time::sleep(Duration::from_nanos(self.begin.saturating_sub(now()))).await;
    }

    pub(super) fn is_over(self) -> bool {
        now() >= self.end
    }
}

/// What a holder does.
pub(super) async fn hold() {
    tokio::time::sleep(HOLD).await;
}

pub(crate) fn work(arguments: &[String]) {
    let [kind, url, process, tasks] = arguments else {
        panic!("a worker takes 4 arguments");
    };
    let told = Told { url: url.clone(), process: process.parse().unwrap(), tasks: tasks.parse().unwrap() };
    let runtime = runtime::multi_thread();
    let holds = match kind.as_str() {
        "locks" => runtime.block_on(waiters::run(told)),
        _ => runtime.block_on(ring::run(told)),
    };
    let lines: String = holds.iter().map(|hold| format!("{hold}\n")).collect();
    println!("{lines}{DONE}");
    // Stays until it is not needed any more, so that nothing of its end is counted.
    let _ = std::io::stdin().read_line(&mut String::new());
}
