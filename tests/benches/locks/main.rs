//! What a lock costs, beside the raw commands on the same server in the same run.
//!
//! `cargo bench -p lock-tests` prints one Markdown table. Every figure that is judged is a ratio of two subjects that took
//! turns: on a shared machine nothing else says anything. `-- --quick` takes a few seconds and only shows that it works;
//! `-- pairs`, `hand-over`, `nested`, `memory` run one part.
//!
//! The server is its own: the first of `LOCK_TEST_SERVERS` (separated by `:`), else what is in `PATH`.
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "it prints, and a benchmark that cannot go on stops"
)]

mod hand_over;
mod memory;
mod nested;
mod pairs;
mod rounds;
mod runtime;
mod server;
mod table;

use std::time::Duration;

use server::Server;
use table::Table;

/// How much is measured.
#[derive(Clone, Copy)]
struct Effort {
    /// How often the subjects take turns.
    rounds: usize,
    /// How long each turn lasts.
    turn: Duration,
}

const FULL: Effort = Effort { rounds: 21, turn: Duration::from_millis(250) };
const QUICK: Effort = Effort { rounds: 3, turn: Duration::from_millis(40) };

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.first().is_some_and(|first| first == hand_over::WORKER) {
        return hand_over::work(&arguments[1..]);
    }
    let quick = arguments.iter().any(|argument| argument == "--quick");
    let effort = if quick { QUICK } else { FULL };
    // Cargo adds `--bench`.
    let parts: Vec<&String> = arguments.iter().filter(|it| !it.starts_with("--")).collect();
    let wanted = |part: &str| parts.is_empty() || parts.iter().any(|wanted| *wanted == part);

    let server = Server::start();
    println!("{}; {} CPUs", server.version(), cpus());
    println!("{} rounds of {:?} a subject, taking turns\n", effort.rounds, effort.turn);
    let mut table = Table::new();
    if wanted("pairs") {
        pairs::run(&server, effort, &mut table);
    }
    if wanted("hand-over") {
        hand_over::run(&server, effort, &mut table);
    }
    if wanted("nested") {
        nested::run(&server, effort, &mut table);
    }
    if wanted("memory") {
        memory::run(effort, &mut table);
    }
    println!("{table}");
    println!("Ratios: median, and in brackets the quartiles over the rounds. `cargo bench -p lock-tests`");
}

fn cpus() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}
