//! A client process: several tasks that take locks in all kinds of ways until they are told to be calm.

mod hold;
mod nested;
mod plan;
mod section;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use lock_core::{LockKind, LockManager};

pub(super) use self::plan::LONGEST_LEASE;
use self::plan::Plan;
use self::section::{Surroundings, attempt};
use super::diary::Diary;
use super::event::{Event, What};
use crate::Seed;
use crate::starved::Watch;

const TASKS: u64 = 4;
/// How long it may take until a healed server gives a lock that nobody else wants.
const RECOVERS: Duration = Duration::from_secs(10);
const CLEANS_UP: Duration = Duration::from_secs(10);

/// What the process is told.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) process: String,
    pub(super) seed: u64,
    /// `url=..`, or `red=..,..,..`
    pub(super) place: String,
    pub(super) min_replicas: u32,
    pub(super) folder: PathBuf,
    pub(super) witness: PathBuf,
}

impl Told {
    pub(super) fn to_arguments(&self) -> Vec<String> {
        let Self { process, seed, place, min_replicas, folder, witness } = self;
        let path = |path: &PathBuf| path.display().to_string();
        vec![
            "client".to_owned(),
            process.clone(),
            seed.to_string(),
            place.clone(),
            min_replicas.to_string(),
            path(folder),
            path(witness),
        ]
    }

    fn of_arguments(arguments: &[String]) -> Option<Self> {
        let [process, seed, place, min_replicas, folder, witness] = arguments else { return None };
        Some(Self {
            process: process.clone(),
            seed: seed.parse().ok()?,
            place: place.clone(),
            min_replicas: min_replicas.parse().ok()?,
            folder: folder.into(),
            witness: witness.into(),
        })
    }

    fn is_red(&self) -> bool {
        self.place.starts_with("red=")
    }

    async fn connect(&self) -> Result<LockManager, lock_core::LockError> {
        let builder = LockManager::builder();
        let builder = match self.place.split_once('=') {
            Some(("red", urls)) => builder.red_masters(urls.split(',')).red_max_lease(LONGEST_LEASE),
            Some((_, url)) => builder.url(url),
            None => builder,
        };
        builder.min_replicas(self.min_replicas).connect().await
    }
}

/// Runs a client process; `arguments` are what the soak wrote.
///
/// # Errors
/// If it can't write its history, or reach the witness.
pub fn run(arguments: &[String]) -> Result<(), Box<dyn std::error::Error>> {
    let told = Told::of_arguments(arguments).ok_or("clients are started by the soak itself")?;
    let mut seed = Seed::new(told.seed);
    let runtime = match seed.below(2) {
        0 => tokio::runtime::Builder::new_current_thread().enable_all().build()?,
        _ => tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?,
    };
    // Bodies panic here by intention, hundreds of times.
    std::panic::set_hook(Box::new(|panic| {
        if !panic.payload().is::<plan::Intended>() {
            eprintln!("{panic}");
        }
    }));
    let diary = Diary::open(&told.folder.join(&told.process), &told.process)?;
    let starved = diary.clone();
    let process = told.process.clone();
    let _watch = Watch::start(move |from, until| {
        let what = What::Starved { for_ns: until - from };
        starved.write(&Event { at_ns: until, who: process.clone(), what });
    });
    let calm = Arc::new(AtomicBool::new(false));
    let word = Arc::clone(&calm);
    std::thread::spawn(move || {
        // The end of the input is as good a word as any: then whoever gave the orders is gone.
        let _ = std::io::stdin().read_line(&mut String::new());
        word.store(true, Ordering::Relaxed);
    });
    runtime.block_on(work(&told, &mut seed, diary, calm))
}

async fn work(
    told: &Told,
    seed: &mut Seed,
    diary: Diary,
    calm: Arc<AtomicBool>,
) -> Result<(), Box<dyn std::error::Error>> {
    let locks = loop {
        match told.connect().await {
            Ok(locks) => break locks,
            Err(error) if calm.load(Ordering::Relaxed) => return Err(error.into()),
            // It was started while a fault was on.
            Err(_) => {
                diary.note_self(What::Deed { name: "could not connect yet".to_owned() });
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    };
    let mut tasks = Vec::new();
    for _ in 0..TASKS {
        let around =
            Surroundings { locks: locks.clone(), diary: diary.clone(), witness: told.witness.clone() };
        let (mut seed, calm, red) = (Seed::new(seed.draw()), Arc::clone(&calm), told.is_red());
        tasks.push(tokio::spawn(async move {
            while !calm.load(Ordering::Relaxed) {
                let plan = Plan::draw(&mut seed, red);
                attempt(&around, plan).await?;
                tokio::time::sleep(Duration::from_millis(seed.below(25))).await;
            }
            Ok::<(), std::io::Error>(())
        }));
    }
    for task in tasks {
        task.await??;
    }
    finish(told, &locks, &diary).await
}

/// Whether all is well now that all is calm, and what is left then.
async fn finish(told: &Told, locks: &LockManager, diary: &Diary) -> Result<(), Box<dyn std::error::Error>> {
    let kind = if told.is_red() { LockKind::Red } else { LockKind::Reentrant };
    let own = locks.lock(&*told.process).kind(kind).wait(RECOVERS).expire(LONGEST_LEASE);
    let acquires = match own.acquire().await {
        Ok(guard) => match guard.release().await {
            Ok(()) => "yes".to_owned(),
            Err(error) => error.to_string(),
        },
        Err(error) => error.to_string(),
    };
    let clean = locks.shutdown(CLEANS_UP).await.is_clean();
    diary.note_self(What::Ended { acquires: acquires.replace(['\t', '\n'], " "), clean });
    Ok(())
}
