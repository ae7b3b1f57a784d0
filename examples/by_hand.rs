//! Locks without the attribute: a guard, one try, a scope, what is ambient inside, and the end of the process.
//!
//! ```text
//! cargo run --example by_hand                                     # in memory
//! LOCK_URL=redis://127.0.0.1/ cargo run --example by_hand
//! ```

#![allow(clippy::print_stdout, reason = "an example talks to its reader")]

use std::error::Error;
use std::time::Duration;

use lock_core::{Held, LockError, LockManager, distributed_lock};

/// A function far below the one that took the lock: it finds the lock without a parameter.
fn write_row() {
    match Held::current() {
        Some(held) => println!("  writing under {} with token {}", held.name(), held.token()),
        None => println!("  writing without a lock"),
    }
}

/// Also takes the lock of that order; called inside a hold of it, it joins that hold.
#[distributed_lock(prefix = "order", key = "id", wait = "1s")]
async fn recalculate(id: u64) -> Result<(), LockError> {
    write_row();
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let url = std::env::var("LOCK_URL").unwrap_or_else(|_| "memory:".to_owned());
    let locks = LockManager::connect(&url).await?;
    locks.clone().install(); // for `recalculate`, which names no manager

    println!("a guard: held until it is released or dropped");
    let guard = locks.lock(("order", 42)).expire(Duration::from_secs(30)).acquire().await?;
    println!("  {} for at least {:.0?}, renewed meanwhile", guard.name(), guard.remaining());

    println!("one try: somebody else would come back later");
    match locks.lock(("order", 42)).try_acquire().await? {
        Some(_) => println!("  got it"),
        None => println!("  busy"),
    }

    println!("a guard is a value, not a scope: nested calls need `scope`");
    if let Err(error) = recalculate(42).await {
        println!("  outside: {error}");
    }
    guard.scope(recalculate(42)).await?;
    guard.release().await?; // or drop it: freed in the background

    println!("run: a scope that is cancelled if the lock is lost");
    let sum = locks
        .lock(("order", 43))
        .run(async {
            write_row();
            recalculate(43).await?;
            Ok::<_, LockError>(1 + 1)
        })
        .await??;
    println!("  returned {sum}");

    println!("plain threads: the blocking twins");
    let threads = locks.clone();
    tokio::task::spawn_blocking(move || {
        threads.lock("nightly-report").run_blocking(|| println!("  reporting in a plain thread"))
    })
    .await??;

    // A service does this on SIGTERM: what is held may finish, what is released is flushed.
    let report = locks.shutdown(Duration::from_secs(5)).await;
    println!("shut down, {}", if report.is_clean() { "nothing left" } else { "something left" });
    Ok(())
}
