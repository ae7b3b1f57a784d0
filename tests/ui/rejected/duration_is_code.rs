use std::time::Duration;

use lock_core::{LockError, distributed_lock};

const LEASE: Duration = Duration::from_secs(10);

struct Config {
    wait: Duration,
}

#[distributed_lock(name = "pay", wait = "config.wait", expire = "LEASE")]
async fn pay(config: Config) -> Result<Duration, LockError> {
    Ok(config.wait + LEASE)
}

#[distributed_lock(name = "pay", wait = "Duration::from_secs(3)", expire = "forever")]
async fn made() -> Result<(), LockError> {
    Ok(())
}

fn main() {}
