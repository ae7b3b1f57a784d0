//! `read` and `write`: a report that many read and one writes, and a writer that goes on as a reader.
//!
//! ```text
//! cargo run --example report                                 # in memory
//! LOCK_URL=redis://127.0.0.1/ cargo run --example report
//! ```

#![allow(clippy::print_stdout, reason = "an example talks to its reader")]

use std::error::Error;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use lock_core::{LockError, LockManager, distributed_lock};
use tokio::sync::Barrier;
use tokio::task::JoinSet;

/// Two pages that belong together. Nothing here keeps a reader from seeing one of them old and one new.
#[derive(Default)]
struct Report {
    pages: [Mutex<u32>; 2],
    readers: AtomicU32,
    most_readers: AtomicU32,
}

impl Report {
    fn page(&self, page: usize) -> u32 {
        *self.pages[page].lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set_page(&self, page: usize, edition: u32) {
        *self.pages[page].lock().unwrap_or_else(PoisonError::into_inner) = edition;
    }
}

const READERS: u32 = 6;

/// All readers meet at `inside` before one goes on: under an exclusive lock nobody would leave it.
#[distributed_lock(prefix = "report", key = "id", kind = "read", locks = locks)]
async fn read(locks: &LockManager, id: u64, report: &Report, inside: &Barrier) -> Result<u32, LockError> {
    let readers = report.readers.fetch_add(1, Ordering::SeqCst) + 1;
    report.most_readers.fetch_max(readers, Ordering::SeqCst);
    let first = report.page(0);
    inside.wait().await;
    tokio::time::sleep(Duration::from_millis(20)).await; // reading; the writer is waiting by now
    let second = report.page(1);
    report.readers.fetch_sub(1, Ordering::SeqCst);
    assert_eq!(first, second, "a reader saw half of an edition");
    Ok(first)
}

#[distributed_lock(prefix = "report", key = "id", kind = "write", locks = locks)]
async fn write(locks: &LockManager, id: u64, report: &Report) -> Result<u32, LockError> {
    assert_eq!(report.readers.load(Ordering::SeqCst), 0, "a writer is alone");
    let edition = report.page(0) + 1;
    report.set_page(0, edition);
    tokio::time::sleep(Duration::from_millis(20)).await; // the second page takes a while
    report.set_page(1, edition);
    Ok(edition)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let url = std::env::var("LOCK_URL").unwrap_or_else(|_| "memory:report".to_owned());
    let locks = LockManager::connect(&url).await?;
    let others = LockManager::connect(&url).await?; // another process, as far as the locks know
    let report = Arc::new(Report::default());

    println!(
        "{READERS} readers at once, from two processes, then an edition, three times; the locks are at {url}"
    );
    for _ in 0..3 {
        let inside = Arc::new(Barrier::new(READERS as usize + 1));
        let mut readers = JoinSet::new();
        for reader in 0..READERS {
            let locks = if reader % 2 == 0 { locks.clone() } else { others.clone() };
            let (report, inside) = (Arc::clone(&report), Arc::clone(&inside));
            readers.spawn(async move { read(&locks, 7, &report, &inside).await });
        }
        tokio::time::timeout(Duration::from_secs(5), inside.wait())
            .await
            .map_err(|_| "the readers are not inside together")?;
        let edition = write(&others, 7, &report).await?; // waits until the last of them is done
        let mut read = Vec::new();
        while let Some(reader) = readers.join_next().await {
            read.push(reader??);
        }
        println!("  read editions {read:?}, wrote edition {edition}");
    }
    let most = report.most_readers.load(Ordering::SeqCst);
    assert_eq!(most, READERS, "all readers were inside together");

    println!("a writer that goes on as a reader");
    let writing = locks.lock(("report", 7)).write().acquire().await?;
    report.set_page(0, 100);
    report.set_page(1, 100);
    let refused = others.lock(("report", 7)).read().try_acquire().await?;
    assert!(refused.is_none(), "no reader beside a writer");
    // No other writer can come in between: what is read now is what was written.
    let reading = writing.downgrade().await?;
    let beside = others.lock(("report", 7)).read().acquire().await?;
    let refused = others.lock(("report", 7)).write().try_acquire().await?;
    assert!(refused.is_none(), "no writer beside readers");
    assert_eq!((report.page(0), report.page(1)), (100, 100));
    println!("  edition 100 is written, and read by its writer and another process: no writer came between");
    beside.release().await?;
    reading.release().await?;
    let again = others.lock(("report", 7)).write().try_acquire().await?.ok_or("free again by now")?;
    again.release().await?; // dropped as the process ends, it might be freed only when its lease is over
    Ok(())
}
