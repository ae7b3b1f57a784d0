//! A call inside a call that holds the same lock.

use std::hint::black_box;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use lock_core::{LockError, LockManager, distributed_lock};

use crate::pairs::{ByAttribute, Pair};
use crate::rounds::{Turn, median, quantile, take_turns};
use crate::server::Server;
use crate::table::{Table, time};
use crate::{Effort, runtime};

/// Calls in one measurement.
const CALLS: u32 = 1000;

pub(crate) fn run(server: &Server, effort: Effort, table: &mut Table) {
    let runtime = runtime::current_thread();
    let locks = runtime.block_on(LockManager::connect(&server.url())).unwrap();
    runtime.block_on(outer(&locks, 7)).unwrap();

    let nested: Turn<'_> = Box::new(|| runtime.block_on(outer(&locks, 7)).unwrap().nanos);
    let before = server.script_calls();
    let figures = take_turns(effort, vec![nested]);
    // Every outer call takes two commands: what is left, the nested ones took.
    let outer_calls = effort.rounds as u64 + 1;
    let commands = server.script_calls() - before - 2 * outer_calls;
    table.counted(
        "nested call",
        format!("{} ({})", time(median(&figures[0])), quartiles(&figures[0])),
        "< 1 µs",
    );
    table.counted(
        format!("server commands of {} nested calls", outer_calls * u64::from(CALLS)),
        commands.to_string(),
        "0",
    );
    let nested = runtime.block_on(outer(&locks, 7)).unwrap();
    table.counted(
        "allocations of a nested call",
        format!("{} ({} bytes)", nested.allocations, nested.bytes),
        "",
    );
    let pair = allocation_counter::measure(|| runtime.block_on(ByAttribute(locks.clone()).pair(7)));
    table.counted(
        "allocations of acquire + release, connection and runtime included",
        format!("{} ({} bytes)", pair.count_total, pair.bytes_total),
        "",
    );
}

struct Nested {
    nanos: f64,
    allocations: u64,
    bytes: u64,
}

#[distributed_lock(prefix = "nested", key = "key", locks = locks)]
async fn outer(locks: &LockManager, key: u64) -> Result<Nested, LockError> {
    let since = Instant::now();
    for number in 0..CALLS {
        at_once(inner(locks, key, number))?;
    }
    let nanos = since.elapsed().as_nanos() as f64 / f64::from(CALLS);
    let counted = allocation_counter::measure(|| {
        at_once(inner(locks, key, 0)).unwrap();
    });
    Ok(Nested { nanos, allocations: counted.count_total, bytes: counted.bytes_total })
}

#[distributed_lock(prefix = "nested", key = "key", locks = locks)]
async fn inner(locks: &LockManager, key: u64, number: u32) -> Result<u32, LockError> {
    Ok(black_box(number))
}

fn quartiles(nanos: &[f64]) -> String {
    format!("{} – {}", time(quantile(nanos, 0.25)), time(quantile(nanos, 0.75)))
}

/// A nested call waits for nothing: one poll ends it.
fn at_once<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("a nested call waited"),
    }
}
