//! From a URL to a backend.

use std::sync::Arc;

use super::LockManager;
use crate::backend::Backend;
use crate::backend::memory::MemoryBackend;
#[cfg(feature = "redis")]
use crate::backend::redis::{RedisBackend, RedisConfig, redis};
#[cfg(feature = "redis")]
use crate::clock::BootClock;
use crate::clock::Clock;
use crate::error::LockError;

/// A backend and the clock that goes with it.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) backend: Arc<dyn Backend>,
    pub(super) clock: Arc<dyn Clock>,
}

/// What is the same for all servers of a manager.
#[derive(Clone, Copy)]
pub(super) struct Servers<'a> {
    pub(super) namespace: &'a str,
    pub(super) min_replicas: u32,
    #[cfg(feature = "redis")]
    pub(super) access: &'a crate::backend::redis::Access,
}

impl LockManager {
    /// Connects to the server that `url` names, with the defaults for everything else; for the forms of a URL see
    /// [`ManagerBuilder::url`](super::ManagerBuilder::url).
    ///
    /// # Errors
    /// As [`ManagerBuilder::connect`](super::ManagerBuilder::connect).
    ///
    /// # Cancel safety
    /// Dropping the future ends the attempt and everything that it had started.
    pub async fn connect(url: &str) -> Result<Self, LockError> {
        Self::builder().url(url).connect().await
    }

    /// [`connect`](Self::connect) for plain threads.
    ///
    /// # Errors
    /// As [`connect`](Self::connect).
    pub fn connect_blocking(url: &str) -> Result<Self, LockError> {
        Self::builder().url(url).connect_blocking()
    }
}

/// Nothing is connected yet: the engine's thread does that.
pub(super) fn open(url: &str, servers: &Servers<'_>) -> Result<Opened, LockError> {
    match url.strip_prefix("memory:") {
        Some(_) if servers.min_replicas > 0 => Err(LockError::Config {
            message: format!("`memory:` has no replicas: leave `min_replicas({})` out", servers.min_replicas),
        }),
        Some("") => Ok(memory(MemoryBackend::private())),
        Some(name) => Ok(memory(MemoryBackend::named(name))),
        None => open_server(url, servers),
    }
}

fn memory(backend: MemoryBackend) -> Opened {
    let clock = backend.clock();
    Opened { backend: Arc::new(backend), clock }
}

#[cfg(feature = "redis")]
fn open_server(url: &str, servers: &Servers<'_>) -> Result<Opened, LockError> {
    Ok(on_redis(RedisConfig::parse(url)?, servers))
}

#[cfg(feature = "redis")]
pub(super) fn open_client(client: &redis::Client, servers: &Servers<'_>) -> Opened {
    on_redis(RedisConfig::from_client(client), servers)
}

#[cfg(feature = "redis")]
pub(super) fn on_redis(config: RedisConfig, servers: &Servers<'_>) -> Opened {
    let clock: Arc<dyn Clock> = Arc::new(BootClock);
    let config = config.namespace(servers.namespace).min_replicas(servers.min_replicas);
    let config = config.with_access(servers.access).clock(Arc::clone(&clock));
    Opened { backend: Arc::new(RedisBackend::new(config)), clock }
}

#[cfg(not(feature = "redis"))]
fn open_server(url: &str, _: &Servers<'_>) -> Result<Opened, LockError> {
    // Only what surely is a scheme is repeated: the rest may hold a password.
    let scheme = url.split_once("://").map_or("a server's URL", |(scheme, _)| scheme);
    let message =
        format!("`{scheme}` needs the feature `redis` of lock-core; without it there is only `memory:`");
    Err(LockError::Config { message })
}
