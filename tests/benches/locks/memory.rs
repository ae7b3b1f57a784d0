//! The memory backend beside a mutex of tokio's, for orientation: a mutex has no leases, no names and no tokens.

use std::sync::Arc;

use lock_core::LockManager;
use tokio::sync::Mutex;

use crate::pairs::{ByAttribute, Pair, throughput};
use crate::rounds::{Spread, Turn, median, take_turns};
use crate::table::{Table, time};
use crate::{Effort, runtime};

pub(crate) fn run(effort: Effort, table: &mut Table) {
    compare(effort, table, "memory, 1 task: time of a pair", 1, Shared::None);
    compare(effort, table, "memory, 16 tasks, own keys: time of a pair", 16, Shared::None);
    compare(effort, table, "memory, 16 tasks, one key: time of a pair", 16, Shared::One);
}

/// Whether the tasks share a key.
#[derive(Clone, Copy)]
enum Shared {
    None,
    One,
}

fn compare(effort: Effort, table: &mut Table, what: &str, tasks: u64, shared: Shared) {
    let runtime = runtime::multi_thread();
    let locks = runtime.block_on(LockManager::connect("memory:")).unwrap();
    let ours = OnKey(ByAttribute(locks), shared);
    let mutexes = OnKey(Mutexes((0..tasks).map(|_| Arc::default()).collect()), shared);
    let subjects: Vec<Turn<'_>> = vec![
        Box::new(|| 1e9 / throughput(&runtime, &ours, tasks, effort.turn)),
        Box::new(|| 1e9 / throughput(&runtime, &mutexes, tasks, effort.turn)),
    ];
    let figures = take_turns(effort, subjects);
    table.compared(
        what,
        time(median(&figures[0])),
        format!("{} `tokio::sync::Mutex`", time(median(&figures[1]))),
        Spread::of_ratios(&figures[0], &figures[1]),
        "",
    );
}

#[derive(Clone)]
struct OnKey<P>(P, Shared);

impl<P: Pair> Pair for OnKey<P> {
    async fn pair(&mut self, key: u64) {
        let key = match self.1 {
            Shared::None => key,
            Shared::One => 0,
        };
        self.0.pair(key).await;
    }
}

#[derive(Clone)]
struct Mutexes(Vec<Arc<Mutex<()>>>);

impl Pair for Mutexes {
    async fn pair(&mut self, key: u64) {
        drop(self.0[key as usize].lock().await);
    }
}
