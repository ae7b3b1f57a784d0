//! Several replicas of a small shop sell the last items of a stock at the same time.
//!
//! ```text
//! cargo run --example quickstart                                        # four replicas in this process, no server
//! LOCK_URL=redis://127.0.0.1/ cargo run --example quickstart            # four processes, one Redis server
//! cargo run --example quickstart -- --unlocked                          # what happens without the lock
//! ```
//!
//! The annotated function is `sell` in `shop.rs`; everything else here starts the replicas and counts.

#![allow(clippy::print_stdout, reason = "an example talks to its reader")]

mod record;
mod replicas;
mod report;
mod shelf;
mod shop;

use std::error::Error;
use std::process::ExitCode;

use lock_core::LockManager;

use crate::replicas::Replicas;
use crate::report::Report;
use crate::shelf::Shelf;

const HELP: &str = "\
Several replicas of a small shop sell the last items of a stock at the same time.

usage: cargo run --example quickstart [-- --unlocked]

  --unlocked   sell without the lock, to see what it prevents
  --help       this text

environment:
  LOCK_URL     where the locks are kept; default memory:shop, which needs no server and runs the replicas
               in this process. With redis://127.0.0.1/ (or another server) each replica is a process.

exit code: 0 if exactly the stock was sold, 1 if not (so with --unlocked), 2 if it could not be tried";

/// What the command line asks for.
enum Task {
    Help,
    /// Open the shop and count.
    Sell {
        unlocked: bool,
    },
    /// Be one replica in a process of its own; started by `Sell`.
    Replica {
        name: String,
        shelf: Shelf,
        unlocked: bool,
    },
}

fn task(mut args: impl Iterator<Item = String>) -> Result<Task, String> {
    let mut unlocked = false;
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--unlocked" => unlocked = true,
            "--help" | "-h" => return Ok(Task::Help),
            "--replica" => {
                let (Some(name), Some(directory)) = (args.next(), args.next()) else {
                    return Err(
                        "--replica needs a name and a directory; it is for this program only".to_owned()
                    );
                };
                let (shelf, unlocked) = (Shelf::at(directory.into()), args.next().is_some());
                return Ok(Task::Replica { name, shelf, unlocked });
            }
            _ => return Err(format!("unknown argument `{arg}`\n\n{HELP}")),
        }
    }
    Ok(Task::Sell { unlocked })
}

#[tokio::main]
async fn main() -> ExitCode {
    let url = std::env::var("LOCK_URL").unwrap_or_else(|_| "memory:shop".to_owned());
    let outcome = match task(std::env::args().skip(1)) {
        Err(message) => Err(message.into()),
        Ok(Task::Help) => {
            println!("{HELP}");
            Ok(true)
        }
        Ok(Task::Replica { name, shelf, unlocked }) => {
            replicas::be_one(&url, name, shelf, unlocked).await.map(|()| true)
        }
        Ok(Task::Sell { unlocked }) => tokio::select! {
            outcome = sell_out(&url, unlocked) => outcome,
            // The replicas and the shelf are dropped, and with that gone.
            _ = tokio::signal::ctrl_c() => Err("interrupted".into()),
        },
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            eprintln!("quickstart: {error}");
            ExitCode::from(2)
        }
    }
}

/// Opens the shop, sells, counts; whether exactly the stock was sold.
async fn sell_out(url: &str, unlocked: bool) -> Result<bool, Box<dyn Error>> {
    // One clear message, instead of one from every replica, if nobody answers there.
    drop(LockManager::connect(url).await?);

    let shelf = Shelf::stocked(&shop::STOCK)?;
    let mut replicas = if url.starts_with("memory:") {
        Replicas::in_this_process(url, &shelf, unlocked).await?
    } else {
        Replicas::in_processes(&shelf, unlocked).await?
    };
    let mut report = Report::begin(replicas.place(), url, unlocked);
    replicas.open().await?;
    while let Some(record) = replicas.next().await? {
        report.add(record);
    }
    let left = shop::STOCK.map(|(item, _)| shelf.read(item));
    report.end(left.into_iter().collect::<Result<_, _>>()?)
}
