//! Acquire and release, again and again, every task on a key of its own.

mod drive;
mod raw;
mod subjects;

use lock_core::LockManager;
use tokio::runtime::Runtime;

pub(crate) use drive::{Pair, latency, throughput};
pub(crate) use subjects::{ByAttribute, ByHand};

use self::raw::RawLock;
use crate::rounds::{Spread, Turn, median, take_turns};
use crate::server::Server;
use crate::table::{Table, rate, time};
use crate::{Effort, runtime};

pub(crate) fn run(server: &Server, effort: Effort, table: &mut Table) {
    for (kind, runtime) in
        [("one thread", runtime::current_thread()), ("two workers", runtime::multi_thread())]
    {
        Stage::new(server, &runtime).latency(effort, &format!("1 task, {kind}"), table);
    }
    for tasks in [16, 64, 256] {
        let runtime = runtime::multi_thread();
        Stage::new(server, &runtime).throughput(effort, tasks, table);
    }
}

/// The four subjects, each with its connection on the same runtime.
struct Stage<'a> {
    runtime: &'a Runtime,
    nodelay: RawLock,
    delay: RawLock,
    by_hand: ByHand,
    by_attribute: ByAttribute,
}

impl<'a> Stage<'a> {
    fn new(server: &Server, runtime: &'a Runtime) -> Self {
        let locks = runtime.block_on(LockManager::connect(&server.url())).unwrap();
        Self {
            runtime,
            nodelay: runtime.block_on(RawLock::connect(server, true)),
            delay: runtime.block_on(RawLock::connect(server, false)),
            by_hand: ByHand(locks.clone()),
            by_attribute: ByAttribute(locks),
        }
    }

    fn figures(&self, effort: Effort, turn: impl Turns) -> [Vec<f64>; 4] {
        let subjects: Vec<Turn<'_>> = vec![
            Box::new(|| turn.take(self.runtime, &self.nodelay, effort)),
            Box::new(|| turn.take(self.runtime, &self.by_hand, effort)),
            Box::new(|| turn.take(self.runtime, &self.delay, effort)),
            Box::new(|| turn.take(self.runtime, &self.by_attribute, effort)),
        ];
        let figures = take_turns(effort, subjects);
        <[Vec<f64>; 4]>::try_from(figures).unwrap()
    }

    fn latency(self, effort: Effort, what: &str, table: &mut Table) {
        let [nodelay, by_hand, delay, by_attribute] = self.figures(effort, Latency);
        let (setting, raw) = if median(&nodelay) <= median(&delay) {
            ("`TCP_NODELAY`", &nodelay)
        } else {
            ("without `TCP_NODELAY`", &delay)
        };
        for (how, ours) in [("attribute", &by_attribute), ("by hand", &by_hand)] {
            table.compared(
                format!("{what}, {how}: latency of a pair"),
                time(median(ours)),
                format!("{} raw, {setting}", time(median(raw))),
                Spread::of_ratios(ours, raw),
                "≤ 1.05",
            );
        }
    }

    fn throughput(self, effort: Effort, tasks: u64, table: &mut Table) {
        let [nodelay, by_hand, delay, by_attribute] = self.figures(effort, Throughput { tasks });
        let (setting, raw) = if median(&nodelay) >= median(&delay) {
            ("`TCP_NODELAY`", &nodelay)
        } else {
            ("without `TCP_NODELAY`", &delay)
        };
        for (how, ours) in [("attribute", &by_attribute), ("by hand", &by_hand)] {
            table.compared(
                format!("{tasks} tasks, {how}: pairs a second"),
                rate(median(ours)),
                format!("{} raw, {setting}", rate(median(raw))),
                Spread::of_ratios(ours, raw),
                if tasks >= 64 { "≥ 1.0" } else { "" },
            );
        }
        let (worse, setting) = if setting.starts_with("without") {
            (&nodelay, "`TCP_NODELAY`")
        } else {
            (&delay, "without `TCP_NODELAY`")
        };
        table.compared(
            format!("{tasks} tasks, attribute: pairs a second"),
            rate(median(&by_attribute)),
            format!("{} raw, {setting}", rate(median(worse))),
            Spread::of_ratios(&by_attribute, worse),
            "",
        );
    }
}

/// What a turn measures.
trait Turns {
    fn take(&self, runtime: &Runtime, subject: &impl Pair, effort: Effort) -> f64;
}

struct Latency;

impl Turns for Latency {
    fn take(&self, runtime: &Runtime, subject: &impl Pair, effort: Effort) -> f64 {
        latency(runtime, subject, effort.turn)
    }
}

struct Throughput {
    tasks: u64,
}

impl Turns for Throughput {
    fn take(&self, runtime: &Runtime, subject: &impl Pair, effort: Effort) -> f64 {
        throughput(runtime, subject, self.tasks, effort.turn)
    }
}
