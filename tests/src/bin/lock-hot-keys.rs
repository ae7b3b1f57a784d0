//! How long calls wait that want two locks of which some are hot:
//! `lock-hot-keys [--tasks N] [--hot H] [--cold C] [--share PERCENT] [--seconds S] [--body MS]`
//!
//! Four managers, as four processes would have, on a server of its own (the first of `LOCK_TEST_SERVERS`, or one in PATH). Each
//! task moves money between two of H + C accounts; PERCENT of the accounts that it draws are hot ones.

#![allow(clippy::print_stdout, reason = "it prints what it measures")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use lock_core::{LockError, LockManager, distributed_lock};
use lock_tests::{Seed, Server, servers};
use tokio::task::JoinSet;

#[derive(Clone, Copy, Debug)]
struct Load {
    tasks: u64,
    hot: u64,
    cold: u64,
    share: u64,
    seconds: u64,
    body: u64,
}

impl Load {
    fn read(arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut load = Self { tasks: 64, hot: 2, cold: 1000, share: 30, seconds: 20, body: 12 };
        let arguments: Vec<String> = arguments.collect();
        for pair in arguments.chunks(2) {
            let [option, value] = pair else { return Err(format!("{pair:?} wants a value")) };
            let number = value.parse().map_err(|_| format!("{option} wants a number, not `{value}`"))?;
            match option.as_str() {
                "--tasks" => load.tasks = number,
                "--hot" => load.hot = number,
                "--cold" => load.cold = number,
                "--share" => load.share = number,
                "--seconds" => load.seconds = number,
                "--body" => load.body = number,
                _ => return Err(format!("unknown option {option}")),
            }
        }
        Ok(load)
    }

    fn account(&self, seed: &mut Seed) -> u64 {
        if seed.below(100) < self.share { seed.below(self.hot) } else { self.hot + seed.below(self.cold) }
    }
}

#[distributed_lock(prefix = "account", keys = [from, to], wait = "60s", locks = locks)]
async fn transfer(
    locks: &LockManager,
    from: u64,
    to: u64,
    body: Duration,
    asked: Instant,
) -> Result<Duration, LockError> {
    let waited = asked.elapsed();
    tokio::time::sleep(body).await;
    Ok(waited)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let load = Load::read(std::env::args().skip(1))?;
    let server = Server::start(&servers()[0]);
    let end = Instant::now() + Duration::from_secs(load.seconds);
    let mut managers = Vec::new();
    for _ in 0..4 {
        managers.push(LockManager::connect(&server.url()).await?);
    }
    let managers = Arc::new(managers);
    let mut tasks = JoinSet::new();
    for task in 0..load.tasks {
        let managers = Arc::clone(&managers);
        tasks.spawn(async move {
            let (mut seed, mut waits) = (Seed::new(task), Vec::new());
            let locks = &managers[usize::try_from(task).unwrap_or(0) % managers.len()];
            while Instant::now() < end {
                let from = load.account(&mut seed);
                let to =
                    std::iter::repeat_with(|| load.account(&mut seed)).find(|to| *to != from).unwrap_or(from);
                let hot = [from, to].iter().filter(|account| **account < load.hot).count();
                let waited =
                    transfer(locks, from, to, Duration::from_millis(load.body), Instant::now()).await;
                match waited {
                    Ok(waited) => waits.push((hot, waited)),
                    Err(error) => eprintln!("{error}"),
                }
            }
            waits
        });
    }
    let mut waits = Vec::new();
    while let Some(task) = tasks.join_next().await {
        waits.extend(task?);
    }
    println!("{load:?}: {:.0} transfers a second", waits.len() as f64 / load.seconds as f64);
    for hot in 0..3 {
        let mut of: Vec<Duration> =
            waits.iter().filter(|(it, _)| *it == hot).map(|(_, waited)| *waited).collect();
        of.sort_unstable();
        let share = |percent: usize| {
            of.get((of.len() * percent / 100).min(of.len().saturating_sub(1))).copied().unwrap_or_default()
        };
        println!(
            "  {hot} hot: {:>6} calls, waited p50 {:.1?}, p90 {:.1?}, p99 {:.1?}, at most {:.1?}",
            of.len(),
            share(50),
            share(90),
            share(99),
            share(100)
        );
    }
    Ok(())
}
