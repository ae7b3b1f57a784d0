//! The replicas: tasks of this process, or processes.

use std::error::Error;
use std::io::BufRead;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use lock_core::LockManager;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;

use crate::record::{Outcome, Record};
use crate::shelf::Shelf;
use crate::shop::{NAMES, Shop, serve};

/// What a replica in a process of its own says when it has connected, and what it then waits for.
const READY: &str = "ready";
const GO: &str = "go\n";

type Line = Result<Record, String>;

/// All replicas, connected and waiting for the door to open.
pub(crate) struct Replicas {
    kind: Kind,
    records: UnboundedReceiver<Line>,
}

enum Kind {
    Tasks {
        shops: Vec<Arc<Shop>>,
        unlocked: bool,
        sender: Option<UnboundedSender<Line>>,
    },
    /// Killed when dropped, so that none is left behind.
    Processes(Vec<(&'static str, Child)>),
}

impl Replicas {
    /// One manager for each replica: they know of each other no more than processes do.
    pub(crate) async fn in_this_process(
        url: &str,
        shelf: &Shelf,
        unlocked: bool,
    ) -> Result<Self, Box<dyn Error>> {
        let mut shops = Vec::new();
        for name in NAMES {
            let locks = LockManager::connect(url).await?;
            shops.push(Arc::new(Shop { name: name.to_owned(), shelf: shelf.clone(), locks }));
        }
        let (sender, records) = unbounded_channel();
        Ok(Self { kind: Kind::Tasks { shops, unlocked, sender: Some(sender) }, records })
    }

    /// This program again, once for each replica; the server is in the environment that they inherit.
    pub(crate) async fn in_processes(shelf: &Shelf, unlocked: bool) -> Result<Self, Box<dyn Error>> {
        let (sender, records) = unbounded_channel();
        let mut processes = Vec::new();
        let mut outputs = Vec::new();
        for name in NAMES {
            let mut command = Command::new(std::env::current_exe()?);
            command.arg("--replica").arg(name).arg(shelf.path()).kill_on_drop(true);
            if unlocked {
                command.arg("unlocked");
            }
            let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
            let output = process.stdout.take().ok_or("a replica without an output")?;
            outputs.push((name, BufReader::new(output).lines()));
            processes.push((name, process));
        }
        for (name, mut lines) in outputs {
            if lines.next_line().await?.as_deref() != Some(READY) {
                return Err(format!("the replica {name} did not start").into());
            }
            tokio::spawn(forward(name, lines, sender.clone()));
        }
        Ok(Self { kind: Kind::Processes(processes), records })
    }

    /// Where they are, for people.
    pub(crate) fn place(&self) -> String {
        match &self.kind {
            Kind::Tasks { shops, .. } => format!("{} replicas in one process", shops.len()),
            Kind::Processes(processes) => {
                let ids = processes.iter().filter_map(|(_, process)| process.id()).map(|id| id.to_string());
                let ids = ids.collect::<Vec<_>>().join(", ");
                format!("{} replicas, each a process (pids {ids})", processes.len())
            }
        }
    }

    /// Lets all customers in, everywhere at once.
    pub(crate) async fn open(&mut self) -> Result<(), Box<dyn Error>> {
        match &mut self.kind {
            Kind::Tasks { shops, unlocked, sender } => {
                let Some(sender) = sender.take() else {
                    return Ok(());
                };
                for shop in shops.drain(..) {
                    let (records, unlocked) = (sender.clone(), *unlocked);
                    tokio::spawn(async move {
                        let locks = shop.locks.clone();
                        serve(shop, unlocked, move |record| drop(records.send(Ok(record)))).await;
                        locks.shutdown(Duration::from_secs(1)).await;
                    });
                }
            }
            Kind::Processes(processes) => {
                for (_, process) in processes {
                    // Kept open: a replica ends when its input does, so none outlives this process.
                    let input = process.stdin.as_mut().ok_or("a replica without an input")?;
                    input.write_all(GO.as_bytes()).await?;
                }
            }
        }
        Ok(())
    }

    /// The next customer's outcome; `None` when all have been served. A replica that ended badly is one more.
    pub(crate) async fn next(&mut self) -> Result<Option<Record>, Box<dyn Error>> {
        if let Some(line) = self.records.recv().await {
            return Ok(Some(line?));
        }
        let Kind::Processes(processes) = &mut self.kind else {
            return Ok(None);
        };
        while let Some((name, mut process)) = processes.pop() {
            let status = process.wait().await?;
            if !status.success() {
                return Ok(Some(Record {
                    replica: name.to_owned(),
                    item: "-".to_owned(),
                    waited: Duration::ZERO,
                    outcome: Outcome::Failed(format!("this replica ended badly: {status}")),
                }));
            }
        }
        Ok(None)
    }
}

/// Passes on what a replica's process prints.
async fn forward(
    name: &'static str,
    mut lines: Lines<BufReader<ChildStdout>>,
    sender: UnboundedSender<Line>,
) {
    loop {
        let line = match lines.next_line().await {
            Ok(Some(line)) => line.parse(),
            Ok(None) => return,
            Err(error) => Err(format!("the replica {name}: {error}")),
        };
        if sender.send(line).is_err() {
            return;
        }
    }
}

/// One replica in a process of its own.
pub(crate) async fn be_one(
    url: &str,
    name: String,
    shelf: Shelf,
    unlocked: bool,
) -> Result<(), Box<dyn Error>> {
    let locks = LockManager::connect(url).await?;
    let go = opened();
    println!("{READY}");
    go.await?;
    let shop = Arc::new(Shop { name, shelf, locks: locks.clone() });
    serve(shop, unlocked, |record| println!("{record}")).await;
    let report = locks.shutdown(Duration::from_secs(1)).await;
    if report.is_clean() { Ok(()) } else { Err(format!("locks were left behind: {report:?}").into()) }
}

/// Ready when the input says so; the end of the input ends the process.
fn opened() -> oneshot::Receiver<()> {
    let (sender, receiver) = oneshot::channel();
    std::thread::spawn(move || {
        let mut lines = std::io::stdin().lock().lines();
        if let Some(Ok(_)) = lines.next() {
            let _ = sender.send(());
        }
        lines.for_each(drop);
        std::process::exit(2);
    });
    receiver
}
