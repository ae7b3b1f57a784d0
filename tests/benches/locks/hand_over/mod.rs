//! Many tasks of four processes on one key: how long it is free between two holders, what that costs, who waits longest.
//!
//! The reference is a ring of the same four processes: who has the turn runs a script that deletes a key and publishes to
//! the next one's channel. That is the least that any hand-over through the server takes.

mod holds;
mod processes;
mod ring;
mod waiters;
mod worker;

pub(crate) use worker::{WORKER, work};

use self::holds::Holds;
use self::processes::{Job, Kind};
use crate::Effort;
use crate::rounds::{Spread, median, quantile};
use crate::server::Server;
use crate::table::{Table, time};

/// Of each turn of one kind or the other: processes come and go between two turns, so there are few and long ones.
fn rounds(effort: Effort) -> usize {
    effort.rounds / 2
}

pub(crate) fn run(server: &Server, effort: Effort, table: &mut Table) {
    compare(server, effort, table);
    for waiters in [16, 64, 256] {
        count(server, effort, table, waiters);
    }
}

fn compare(server: &Server, effort: Effort, table: &mut Table) {
    let job = |kind| Job { kind, tasks: 16, turn: effort.turn * 4 };
    let (mut ours, mut rings, mut tails) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..rounds(effort) {
        let across = processes::run(server, job(Kind::Locks)).holds.hand_overs();
        let ring = processes::run(server, job(Kind::Ring)).holds.hand_overs();
        ours.push(median(&across));
        rings.push(median(&ring));
        tails.push((quantile(&across, 0.95), quantile(&ring, 0.95)));
    }
    table.compared(
        "16 tasks of 4 processes, 1 key: hand-over to another process",
        time(median(&ours)),
        format!("{} from a script's `PUBLISH` to its arrival", time(median(&rings))),
        Spread::of_ratios(&ours, &rings),
        "≤ 1.3",
    );
    let (ours, rings): (Vec<f64>, Vec<f64>) = tails.into_iter().unzip();
    table.compared(
        "the same, 95th percentile",
        time(median(&ours)),
        time(median(&rings)),
        Spread::of_ratios(&ours, &rings),
        "",
    );
}

fn count(server: &Server, effort: Effort, table: &mut Table, waiters: usize) {
    let mut granted = Vec::new();
    let mut all = Vec::new();
    let mut waited = Vec::new();
    let mut ahead = Vec::new();
    for _ in 0..rounds(effort).div_ceil(2) {
        let job = Job { kind: Kind::Locks, tasks: waiters, turn: effort.turn * 8 };
        let outcome = processes::run(server, job);
        let Holds(holds) = &outcome.holds;
        let by_server = holds.iter().filter(|hold| hold.is_granted_by_server()).count();
        all.push(outcome.commands as f64 / holds.len() as f64);
        granted.push(outcome.commands as f64 / by_server as f64);
        let longest = outcome.holds.longest_wait();
        waited.push(longest.beside_holds_meanwhile);
        ahead.push(longest.beside_holds_ahead);
    }
    table.counted(
        format!("{waiters} tasks of 4 processes, 1 key: commands for an acquisition"),
        format!("{:.2} where the server grants it, {:.2} of all", median(&granted), median(&all)),
        "2",
    );
    table.counted(
        format!("{waiters} tasks of 4 processes, 1 key: longest wait"),
        format!(
            "{:.2} × the holds meanwhile, {:.2} × the holds of who came before",
            median(&waited),
            median(&ahead)
        ),
        "≤ 1.2 ×",
    );
}
