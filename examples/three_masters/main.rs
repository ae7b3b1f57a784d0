//! `red`: a lock that a majority of independent masters has to grant, so that it outlives the loss of one.
//!
//! ```text
//! cargo run --example three_masters                          # starts three servers of its own, and kills two
//! cargo run --example three_masters -- redis://a/ redis://b/ redis://c/
//! ```
//!
//! New masters vote two seconds after they were first asked: until then they may have forgotten a lock. Without arguments it needs
//! `redis-server` or `valkey-server` in the PATH.

#![allow(clippy::print_stdout, reason = "an example talks to its reader")]

mod masters;

use std::error::Error;
use std::time::{Duration, Instant};

use lock_core::{LockError, LockManager, distributed_lock};

use crate::masters::Masters;

const LONGEST_LEASE: Duration = Duration::from_secs(2);

/// The job that must not run twice at once, even if a server is lost with all that it knew.
#[distributed_lock(name = "settlement", kind = "red", wait = "5s", expire = "2s", locks = locks, guard = held)]
async fn settle(locks: &LockManager) -> Result<u64, LockError> {
    held.check()?;
    Ok(held.token())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let urls: Vec<String> = std::env::args().skip(1).collect();
    if !urls.is_empty() {
        let locks = connect(urls).await?;
        let (first, second) = (settle(&locks).await?, settle(&locks).await?);
        println!("settled twice, one after the other, with the tokens {first} and {second}");
        assert!(first < second, "tokens rise, whichever masters granted them");
        return Ok(());
    }
    let Some(mut masters) = Masters::start().await? else {
        println!(
            "needs redis-server or valkey-server in the PATH, or the URLs of three masters as arguments"
        );
        return Ok(());
    };
    with_masters_that_die(&mut masters).await
}

async fn connect(urls: Vec<String>) -> Result<LockManager, LockError> {
    // No lease is longer, so a master counts that has forgotten nothing for as long. The default is 30 s.
    LockManager::builder().red_masters(urls).red_max_lease(LONGEST_LEASE).connect().await
}

async fn with_masters_that_die(masters: &mut Masters) -> Result<(), Box<dyn Error>> {
    println!("three masters of {}: {}", masters.program(), masters.urls().join(" "));
    let locks = connect(masters.urls()).await?;

    let first = settle(&locks).await?;
    println!("  3 of 3: settled, token {first}");

    let held = locks.lock("report").red().expire(LONGEST_LEASE).acquire().await?;
    masters.kill_one().await?;
    let second = settle(&locks).await?;
    println!("  2 of 3: settled, token {second}");
    assert!(first < second, "tokens rise, whichever masters granted them");
    assert!(!held.is_lost(), "what was held before is held by the other two");
    held.release().await?;

    masters.kill_one().await?;
    let asked = Instant::now();
    let error = settle(&locks).await.err().ok_or("one master of three must not grant a lock")?;
    println!("  1 of 3: {error}");
    assert!(matches!(error, LockError::Unavailable { .. }), "no majority answered, so it is not `Busy`");
    assert!(asked.elapsed() < Duration::from_secs(10), "and it is said when the wait is over");
    Ok(())
}
