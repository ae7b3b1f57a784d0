//! How a manager is made when a URL alone does not say enough.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::connect::{Opened, Servers, open};
use super::red::RedOptions;
use super::{Inner, LockManager};
use crate::backend::{Backend, Channel};
use crate::clock::Clock;
use crate::engine::{Engine, Started, block_on};
use crate::error::LockError;
use crate::key::{LockKeyGenerator, check_namespace};
use crate::params::{DEFAULT_EXPIRE, DEFAULT_KEY_PREFIX, DEFAULT_WAIT, check_expire};

/// Collects what a manager needs; see [`LockManager::builder`].
#[derive(Debug)]
#[must_use = "call `connect` to make the manager"]
pub struct ManagerBuilder {
    source: Source,
    namespace: String,
    wait: Duration,
    expire: Duration,
    pub(super) red: RedOptions,
    min_replicas: u32,
    #[cfg(feature = "redis")]
    pub(super) access: crate::backend::redis::Access,
    generator: Option<Generator>,
}

/// What wraps the keys of annotated functions.
pub(super) struct Generator(pub(super) Box<dyn LockKeyGenerator + Send + Sync>);

impl fmt::Debug for Generator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Generator(..)")
    }
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
            red: RedOptions::default(),
            min_replicas: 0,
            #[cfg(feature = "redis")]
            access: crate::backend::redis::Access::default(),
            generator: None,
        }
    }
}

impl ManagerBuilder {
    /// The server: `redis://[user:password@]host[:port][/db]`, `rediss://..` (feature `tls`), `unix:///path`; a cluster, by
    /// some of its nodes: `redis-cluster://[user:password@]host:port[,host:port..]`, `rediss-cluster://..`; or `memory:`
    /// (private to this manager), `memory:name` (shared within this process).
    ///
    /// A master behind sentinels is `redis-sentinel://[user:password@]host[:port][,host[:port]..]/master-name[/db]`: list
    /// all sentinels, any one that answers is enough. User and password are the master's (and of the replicas that may
    /// become it); the sentinels' own login is added as `?sentinel_user=..&sentinel_pass=..`. Failovers are followed: the
    /// locks that were replicated go on, the others are lost, and their holders told.
    pub fn url(mut self, url: impl Into<String>) -> Self {
        self.source = Source::Url(url.into());
        self
    }

    /// The server of an existing client, with its credentials and TLS settings. Connections are made anew.
    ///
    /// With a client for TLS (feature `tls`) the client library makes them, and takes the crypto provider of the process: if
    /// none is installed when the manager connects, ring is. Connections by [`url`](Self::url) install nothing.
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

    /// Makes the keys of all annotated functions that use this manager: a tenant in front of every key, for example.
    ///
    /// It is asked in each call, after the function's own `key`, `keys` or `key_generator`, whose result it finds as
    /// [`JoinPoint::key`](crate::JoinPoint::key); of several keys once for each. What it returns stands behind the function's
    /// `prefix` and `name`. Locks taken by hand are no calls of a function, and keep the names that they are given.
    ///
    /// ```
    /// # #[cfg(feature = "macros")] mod example {
    /// use lock_core::{Held, JoinPoint, LockError, LockManager, distributed_lock};
    ///
    /// #[distributed_lock(prefix = "order", key = "id", guard = held)]
    /// async fn pay(id: u64) -> Result<String, LockError> {
    ///     Ok(held.name().to_string())
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # pub
    /// async fn main() -> Result<(), LockError> {
    ///     let tenant = "acme"; // of the request, say from a task-local
    ///     let locks = LockManager::builder()
    ///         .url("memory:")
    ///         .key_generator(move |call: &JoinPoint<'_>| call.key_behind(tenant))
    ///         .connect()
    ///         .await?;
    ///     assert_eq!(locks.scope(pay(42)).await?, "LOCK:order:acme:42");
    ///     Ok(())
    /// }
    /// # }
    /// # #[cfg(feature = "macros")] fn main() { example::main().unwrap() }
    /// # #[cfg(not(feature = "macros"))] fn main() {}
    /// ```
    pub fn key_generator(mut self, generator: impl LockKeyGenerator + Send + Sync + 'static) -> Self {
        self.generator = Some(Generator(Box::new(generator)));
        self
    }

    /// The independent masters on which `red` locks are kept: an odd number of URLs, three or more, beside the server of all
    /// other kinds, or alone. A red lock is held while a majority of them says so, so it survives a minority that is away or
    /// has lost its data. They must not be replicas of each other, nor fail over to some.
    ///
    /// Connecting succeeds when a majority answers; the others are connected to when they come. A master that was restarted
    /// counts only [`red_max_lease`](Self::red_max_lease) and two seconds after its start, when every lease that it may have
    /// forgotten is over. That takes `+info` and `+role` beside the ACL line of
    /// [`backend::redis`](crate::backend::redis).
    #[cfg(feature = "redis")]
    pub fn red_masters<U: Into<String>>(mut self, urls: impl IntoIterator<Item = U>) -> Self {
        self.red.urls = Some(urls.into_iter().map(Into::into).collect());
        self
    }

    /// The longest lease of a `red` lock, default 30 s. The shorter, the sooner a master counts again that was restarted. It
    /// has to be the same at all who use these masters.
    pub fn red_max_lease(mut self, max_lease: Duration) -> Self {
        self.red.max_lease = max_lease;
        self
    }

    /// Every red master keeps all that it was told over any restart (`appendonly yes`, `appendfsync always`, a disk that
    /// does not lie), and so counts as soon as it is up again.
    pub fn red_masters_keep_data(mut self) -> Self {
        self.red.keep_data = true;
        self
    }

    /// Lets a lock count only after `replicas` replicas of the server have acknowledged it; default 0, none.
    ///
    /// Each lock that the server has given, at once or by hand-over, is extended to its full lease and waited for
    /// (`WAIT`, on a connection for this alone) before the call that wants it returns, or a body starts. If fewer
    /// acknowledge, within half a second, the lock is given back and the call fails with
    /// [`LockError::Unavailable`](crate::LockError::Unavailable), which says how many did; never as busy.
    ///
    /// What that gives: a failover to one of the replicas that acknowledged keeps the lock, for the lease that it had then.
    ///
    /// What it does not give: renewals, and locks passed on between tasks of one process under one lease, are not waited for,
    /// so what a failover keeps may end earlier than the holder counts on. The server may promote a replica that did not
    /// acknowledge; only if all replicas have to is that impossible. `WAIT` does not make Redis consistent: a master that
    /// was cut off goes on giving locks to who reaches it, unless it is configured with `min-replicas-to-write`. The fencing
    /// token stays right in all of these cases, if the resource checks it.
    ///
    /// Not for clusters, which refuse to connect with it.
    ///
    /// ```no_run
    /// # async fn connect() -> Result<(), lock_core::LockError> {
    /// use lock_core::LockManager;
    ///
    /// let locks = LockManager::builder()
    ///     .url("redis-sentinel://10.0.0.1,10.0.0.2,10.0.0.3/mymaster")
    ///     .min_replicas(1)
    ///     .connect()
    ///     .await?;
    /// # Ok(()) }
    /// ```
    pub fn min_replicas(mut self, replicas: u32) -> Self {
        self.min_replicas = replicas;
        self
    }

    /// Connects and checks the server.
    ///
    /// # Errors
    /// [`LockError::Config`] for a wrong URL or namespace, a missing feature, a server that lacks what is needed;
    /// [`LockError::Params`] for a default or a `red_max_lease` out of its range;
    /// [`LockError::Refused`] for a wrong password or a missing permission; [`LockError::Connect`] where nobody answers
    /// within a few seconds.
    ///
    /// # Cancel safety
    /// Dropping the future ends the attempt and everything that it had started.
    pub async fn connect(self) -> Result<LockManager, LockError> {
        check_namespace(&self.namespace).map_err(|error| LockError::Config { message: error.to_string() })?;
        check_expire(&self.namespace, self.expire)?;
        let servers = Servers {
            namespace: &self.namespace,
            min_replicas: self.min_replicas,
            #[cfg(feature = "redis")]
            access: &self.access,
        };
        let opened = match self.source {
            Source::Nothing if self.red.is_wanted() => None,
            Source::Nothing => {
                let message =
                    "no server: write `LockManager::builder().url(\"redis://127.0.0.1/\")`, or \"memory:\"";
                return Err(LockError::Config { message: message.to_owned() });
            }
            Source::Url(url) => Some(open(&url, &servers)?),
            #[cfg(feature = "redis")]
            Source::Client(client) => Some(super::connect::open_client(&client, &servers)),
            Source::Opened(_) if self.min_replicas > 0 => {
                let message = "`min_replicas` is for servers named by `url` or `client`: a backend of your own is told \
                               itself (`RedisConfig::min_replicas`)";
                return Err(LockError::Config { message: message.to_owned() });
            }
            #[cfg(feature = "redis")]
            Source::Opened(_) if self.access.is_given() => {
                let message = "`credentials`, `tls` and `address_map` are for servers named by `url` or `client`, not for a \
                               backend of your own";
                return Err(LockError::Config { message: message.to_owned() });
            }
            Source::Opened(opened) => Some(opened),
        };
        let masters = self.red.start(&servers)?;
        #[cfg(feature = "redis")]
        self.access.check()?;
        let own = opened.map(|opened| start(opened, &self.namespace)).transpose()?;
        let engine = match own {
            Some((engine, started)) => {
                has_started(started).await?;
                Some(engine)
            }
            None => None,
        };
        let masters = match masters {
            Some(masters) => Some(Arc::new(masters.connected().await?)),
            None => None,
        };
        Ok(LockManager(Arc::new(Inner {
            engine,
            masters,
            namespace: self.namespace,
            wait: self.wait,
            expire: self.expire,
            generator: self.generator,
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

/// Starts an engine on a backend.
pub(super) fn start(opened: Opened, namespace: &str) -> Result<(Engine, Started), LockError> {
    let Opened { backend, clock } = opened;
    // A lone `%` before a lower-case letter can't be spelled by a key: no lock meets this channel's name.
    let channel = Channel::new(&format!("{namespace}:%grants:{:032x}", uuid::Uuid::new_v4().as_u128()));
    Engine::start(backend, clock, channel)
}

/// Waits until it runs.
pub(super) async fn has_started(started: Started) -> Result<(), LockError> {
    started.await.unwrap_or_else(|_| {
        Err(LockError::Config { message: "the engine's thread ended while it was starting".to_owned() })
    })
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
    fn replicas_are_not_asked_for_where_there_are_none() {
        let error = LockManager::builder().url("memory:").min_replicas(1).connect_blocking().unwrap_err();
        assert!(
            matches!(&error, LockError::Config { message } if message.contains("min_replicas")),
            "{error}"
        );
    }

    #[test]
    fn a_namespace_that_would_end_a_channel_early_is_refused() {
        let error = LockManager::builder().url("memory:").namespace("a;b").connect_blocking().unwrap_err();
        assert!(matches!(&error, LockError::Config { message } if message.contains("namespace")), "{error}");
    }
}
