//! How a manager is made when a URL alone does not say enough.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::connect::{Opened, open};
use super::{Inner, LockManager};
use crate::backend::{Backend, Channel};
use crate::clock::Clock;
use crate::engine::{Engine, block_on};
use crate::error::LockError;
use crate::key::check_namespace;
use crate::params::{DEFAULT_EXPIRE, DEFAULT_KEY_PREFIX, DEFAULT_WAIT, check_expire};

/// Collects what a manager needs; see [`LockManager::builder`].
#[derive(Debug)]
#[must_use = "call `connect` to make the manager"]
pub struct ManagerBuilder {
    source: Source,
    namespace: String,
    wait: Duration,
    expire: Duration,
}

enum Source {
    Nothing,
    Url(String),
    #[cfg(feature = "redis")]
    Client(Box<crate::backend::redis::redis::Client>),
    Opened(Opened),
}

/// Only its kind: a URL may hold a password.
impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Nothing => "Nothing",
            Self::Url(_) => "Url(..)",
            #[cfg(feature = "redis")]
            Self::Client(_) => "Client(..)",
            Self::Opened(_) => "Backend(..)",
        })
    }
}

impl LockManager {
    /// A builder: for another namespace, other defaults, an existing client.
    pub fn builder() -> ManagerBuilder {
        ManagerBuilder {
            source: Source::Nothing,
            namespace: DEFAULT_KEY_PREFIX.to_owned(),
            wait: DEFAULT_WAIT,
            expire: DEFAULT_EXPIRE,
        }
    }
}

impl ManagerBuilder {
    /// The server: `redis://[user:password@]host[:port][/db]`, `rediss://..` (feature `tls`), `unix:///path`, or
    /// `memory:` (private to this manager), `memory:name` (shared within this process).
    pub fn url(mut self, url: impl Into<String>) -> Self {
        self.source = Source::Url(url.into());
        self
    }

    /// The server of an existing client, with its credentials and TLS settings. Connections are made anew.
    #[cfg(feature = "redis")]
    pub fn client(mut self, client: crate::backend::redis::redis::Client) -> Self {
        self.source = Source::Client(Box::new(client));
        self
    }

    /// Any backend, with the clock that it and the manager go by.
    pub fn backend(mut self, backend: Arc<dyn Backend>, clock: Arc<dyn Clock>) -> Self {
        self.source = Source::Opened(Opened { backend, clock });
        self
    }

    /// What every lock's name begins with; default [`DEFAULT_KEY_PREFIX`].
    pub fn namespace(mut self, namespace: impl Into<String>) -> Self {
        self.namespace = namespace.into();
        self
    }

    /// How long calls wait that don't say; default [`DEFAULT_WAIT`].
    pub fn wait(mut self, wait: Duration) -> Self {
        self.wait = wait;
        self
    }

    /// The lease of calls that don't say; default [`DEFAULT_EXPIRE`].
    pub fn expire(mut self, expire: Duration) -> Self {
        self.expire = expire;
        self
    }

    /// Connects and checks the server.
    ///
    /// # Errors
    /// [`LockError::Config`] for a wrong URL, namespace or default, a missing feature, a server that lacks what is needed;
    /// [`LockError::Refused`] for a wrong password or a missing permission; [`LockError::Connect`] where nobody answers
    /// within a few seconds.
    ///
    /// # Cancel safety
    /// Dropping the future ends the attempt and everything that it had started.
    pub async fn connect(self) -> Result<LockManager, LockError> {
        check_namespace(&self.namespace).map_err(|error| LockError::Config { message: error.to_string() })?;
        check_expire(&self.namespace, self.expire)?;
        let Opened { backend, clock } = match self.source {
            Source::Nothing => {
                let message =
                    "no server: write `LockManager::builder().url(\"redis://127.0.0.1/\")`, or \"memory:\"";
                return Err(LockError::Config { message: message.to_owned() });
            }
            Source::Url(url) => open(&url, &self.namespace)?,
            #[cfg(feature = "redis")]
            Source::Client(client) => super::connect::open_client(&client, &self.namespace),
            Source::Opened(opened) => opened,
        };
        // A lone `%` before a lower-case letter can't be spelled by a key: no lock meets this channel's name.
        let channel =
            Channel::new(&format!("{}:%grants:{:032x}", self.namespace, uuid::Uuid::new_v4().as_u128()));
        let (engine, started) = Engine::start(backend, clock, channel)?;
        started.await.unwrap_or_else(|_| {
            Err(LockError::Config { message: "the engine's thread ended while it was starting".to_owned() })
        })?;
        Ok(LockManager(Arc::new(Inner {
            engine,
            namespace: self.namespace,
            wait: self.wait,
            expire: self.expire,
        })))
    }

    /// [`connect`](Self::connect) for plain threads.
    ///
    /// # Errors
    /// As [`connect`](Self::connect).
    pub fn connect_blocking(self) -> Result<LockManager, LockError> {
        block_on(self.connect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_no_password() {
        let builder = LockManager::builder().url("redis://user:hunter2@127.0.0.1/");
        assert!(!format!("{builder:?}").contains("hunter2"), "{builder:?}");
    }

    #[test]
    fn a_namespace_that_would_end_a_channel_early_is_refused() {
        let error = LockManager::builder().url("memory:").namespace("a;b").connect_blocking().unwrap_err();
        assert!(matches!(&error, LockError::Config { message } if message.contains("namespace")), "{error}");
    }
}
