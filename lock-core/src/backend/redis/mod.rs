//! Locks on one Redis or Valkey server, named by its address or found through sentinels, or on a cluster of them.
//!
//! [`RedisBackend`] sends the engine's requests and brings the answers; it decides nothing about locks. Requests that
//! are ready at the same moment leave as one call of a script that takes a list (`scripts`, `batch`). Each tokio runtime
//! that asks for locks has a connection of its own, a *lane*, which a task on that runtime drives (`lane`, `driver`,
//! `exchange`, `hub`); callers outside any runtime, and the engine, use the engine's. Grants arrive on one more connection
//! (`subscription`). None of them uses the timers of a user's runtime. In a cluster (`cluster`) there is such a connection
//! for each runtime and node.
//!
//! # Least permissions
//!
//! Everything is kept under the namespace (default `LOCK`), so one pattern each for keys and channels covers it:
//!
//! ```text
//! ACL SETUSER locks on >password ~LOCK:* resetchannels &LOCK:* +evalsha +eval +script|load +subscribe +publish
//!     +ping +time +set +del +pexpireat +zadd +zrem +zremrangebyscore +zrange +zrangebyscore +zscore +zcount
//!     +info +role
//! ```
//!
//! `resetchannels` is for Redis 6, where a new user may use all channels, and says no if one is added to them.
//!
//! A database other than 0 needs `+select` too, `min_replicas` needs `+wait`. A user of the sentinels themselves needs `+sentinel|get-master-addr-by-name
//! +sentinel|master +subscribe &+switch-master`. A cluster needs `+cluster|slots +cluster|info +asking` as well.
//!
//! `+info` and `+role` may be left out: then the server's version, role and eviction policy stay unchecked, and pushed
//! grants count as hints only, since it is unknown which life of the server sent them. Each start tries every operation
//! on a probe name, and reports what is missing. Behind Sentinel `+role` is needed. Masters of `red` locks need both: without them a vote does not count.

mod access;
mod acknowledged;
mod addresses;
mod batch;
mod check;
mod class;
mod cluster;
mod config;
mod connection;
mod credentials;
mod driver;
mod errand;
mod exchange;
mod fault;
mod hub;
mod lane;
#[cfg(test)]
mod live_tests;
mod red_master;
mod relay;
mod scripts;
mod sentinel;
mod server;
mod subscription;
mod supplier;
#[cfg(test)]
mod tests;
#[cfg(feature = "tls")]
mod tls;
#[cfg(feature = "tls")]
mod tls_material;
mod url;

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

/// The client library, in the version that [`RedisConfig::from_client`] takes.
pub use ::redis;
use tokio::task::JoinHandle;

use self::cluster::Cluster;
use self::connection::{Connection, ServerTime};
use self::errand::Node;
use self::hub::Hub;
use self::sentinel::Watch;
use self::subscription::Subscription;
use super::{Backend, Channel, Fault, FaultClass, Inbox, Request, Starting};
use crate::clock::Moment;
use crate::error::LockError;

pub(crate) use self::access::Access;
pub(crate) use self::addresses::AddressMap;
pub use self::config::RedisConfig;
pub use self::credentials::Credentials;
pub(crate) use self::red_master::RedMaster;
pub(crate) use self::supplier::{AnyError, Supplier};
#[cfg(feature = "tls")]
pub(crate) use self::tls::TlsClient;
#[cfg(feature = "tls")]
pub use self::tls_material::Tls;

/// The longest that [`Backend::start`] takes.
const START_LIMIT: Duration = Duration::from_secs(3);
/// How much of it a start waits for a failover that is under way ..
const FAILOVER_LIMIT: Duration = Duration::from_secs(2);
/// .. looking this often.
const FAILOVER_PAUSE: Duration = Duration::from_millis(100);

/// Keeps locks on one Redis or Valkey server, or on a cluster of them.
pub struct RedisBackend {
    config: RedisConfig,
    hub: OnceLock<Arc<Hub>>,
    /// What runs until the end: the subscription, and in a cluster what keeps its map.
    tasks: Mutex<Vec<JoinHandle<()>>>,
    /// On the sentinels, if there are any.
    watch: Mutex<Option<Watch>>,
    warnings: Mutex<Vec<String>>,
    garbage: Arc<AtomicU64>,
}

impl RedisBackend {
    /// A backend that will use the server of `config`. Nothing is connected before [`Backend::start`].
    #[must_use]
    pub fn new(config: RedisConfig) -> Self {
        Self {
            config: config.for_one_backend(),
            hub: OnceLock::new(),
            tasks: Mutex::default(),
            watch: Mutex::default(),
            warnings: Mutex::default(),
            garbage: Arc::default(),
        }
    }

    /// How many messages on the push channel were no grants.
    #[must_use]
    pub fn garbage_messages(&self) -> u64 {
        self.garbage.load(Ordering::Relaxed)
    }

    /// The server and the names in use.
    #[must_use]
    pub fn config(&self) -> &RedisConfig {
        &self.config
    }

    async fn start_within(&self, channel: &Channel, inbox: Arc<dyn Inbox>) -> Result<(), LockError> {
        self.config.ask_first().await.map_err(|fault| check::failed(&self.config, fault))?;
        let mut watch =
            self.config.sentinels().map(|sentinels| Watch::start(sentinels, self.config.access()));
        let (node, connection, time, warnings, cluster) = self.reach().await?;
        let hub = Hub::new(self.config.clone(), inbox, cluster.clone());
        hub.server_time(time);
        let garbage = Arc::clone(&self.garbage);
        let subscription = Subscription::open(Arc::clone(&hub), node.clone(), channel.clone(), garbage);
        let subscription = subscription.await.map_err(|fault| check::failed(&self.config, fault))?;
        self.warnings.lock().unwrap_or_else(PoisonError::into_inner).extend(warnings);
        hub.drive_engine_lane(node, Some(connection));
        let mut tasks = vec![tokio::spawn(subscription.keep())];
        tasks.extend(cluster.map(|cluster| tokio::spawn(cluster::keep_up(Arc::clone(&hub), cluster))));
        *self.tasks.lock().unwrap_or_else(PoisonError::into_inner) = tasks;
        if let Some(watch) = &mut watch {
            watch.follow(Arc::clone(&hub));
        }
        *self.watch.lock().unwrap_or_else(PoisonError::into_inner) = watch;
        self.set_hub(hub)
    }
}

impl RedisBackend {
    /// As a master of red locks, which need no subscription (nobody queues there) and not all of the masters: one that does
    /// not answer is connected to when it is asked for a lock, again and again.
    ///
    /// # Errors
    /// What does not pass by itself: it is unfit, refuses the login or a command, or is another master by another name.
    async fn start_red(&self, red: &RedMaster, inbox: Arc<dyn Inbox>) -> Result<(), LockError> {
        let hub = Hub::new(self.config.clone(), inbox, None);
        let looked = match tokio::time::timeout(START_LIMIT, self.look_at_red(red, &hub)).await {
            Ok(Err(LockError::Connect { reason, .. })) => Err(reason),
            Ok(Err(error)) => return Err(error),
            Ok(Ok(warnings)) => {
                self.warnings.lock().unwrap_or_else(PoisonError::into_inner).extend(warnings);
                Ok(())
            }
            Err(_) => Err(format!("no answer within {START_LIMIT:?}")),
        };
        red.set_first_look(looked);
        hub.drive_engine_lane(Node::Only, None);
        self.set_hub(hub)
    }

    async fn look_at_red(&self, red: &RedMaster, hub: &Hub) -> Result<Vec<String>, LockError> {
        // One that does not count yet has answered all the same.
        let config = self.config.whether_counted_or_not();
        let failed = |fault| check::failed(&config, fault);
        config.ask_first().await.map_err(failed)?;
        let (mut connection, time) = Connection::open(&config).await.map_err(failed)?;
        hub.server_time(time);
        let warnings = check::run(&config, &mut connection).await?;
        let info = connection.ask(&::redis::cmd("INFO")).await.ok();
        let server = server::Server::default().with_info(info.as_ref());
        red.must_be_another(&server).map_err(|fault| LockError::Config {
            message: format!("red master {}: {}", config.address(), fault.message),
        })?;
        Ok(warnings)
    }

    /// Started once; a second start would find the first hub and be told so.
    fn set_hub(&self, hub: Arc<Hub>) -> Result<(), LockError> {
        self.hub
            .set(hub)
            .map_err(|_| LockError::Config { message: "the backend was started twice".to_owned() })
    }

    /// Connects and checks.
    async fn reach(&self) -> Result<Reached, LockError> {
        if self.config.is_cluster() {
            if self.config.replicas_needed() > 0 {
                // A message, by which replicas are made to answer for what was there before it, is not replicated there.
                let message = "`min_replicas` is not for clusters: use it with one server or behind sentinels, or take \
                               `kind = \"red\"` locks on independent masters";
                return Err(LockError::Config { message: message.to_owned() });
            }
            let cluster::Found { cluster, node, connection, time, warnings } =
                cluster::find(&self.config).await?;
            return Ok((node, connection, time, warnings, Some(Arc::new(cluster))));
        }
        let opened = self.open_first().await;
        let (mut connection, time) = opened.map_err(|fault| check::failed(&self.config, fault))?;
        let warnings = check::run(&self.config, &mut connection).await?;
        Ok((Node::Only, connection, time, warnings, None))
    }

    /// A failover that is under way is waited for, but not so long that nobody could say what is missing.
    async fn open_first(&self) -> Result<(Connection, Option<ServerTime>), Fault> {
        let since = tokio::time::Instant::now();
        loop {
            match Connection::open(&self.config).await {
                Err(fault)
                    if fault.class == FaultClass::Transient
                        && self.config.sentinels().is_some()
                        && since.elapsed() < FAILOVER_LIMIT =>
                {
                    tokio::time::sleep(FAILOVER_PAUSE).await;
                }
                opened => return opened,
            }
        }
    }
}

/// The first connection and where it leads; the server's time; what is worth a warning; the cluster, if it is one.
type Reached = (Node, Connection, Option<ServerTime>, Vec<String>, Option<Arc<Cluster>>);

impl Backend for RedisBackend {
    fn start<'a>(&'a self, channel: &'a Channel, inbox: Arc<dyn Inbox>) -> Starting<'a> {
        Box::pin(async move {
            if let Some(red) = self.config.as_red() {
                return self.start_red(red, inbox).await;
            }
            match tokio::time::timeout(START_LIMIT, self.start_within(channel, inbox)).await {
                Ok(started) => started,
                Err(_) => {
                    let reason = format!("no answer within {START_LIMIT:?}");
                    Err(LockError::Connect { address: self.config.address(), reason })
                }
            }
        })
    }

    fn warnings(&self) -> Vec<String> {
        std::mem::take(&mut self.warnings.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn needs_acknowledgement(&self) -> bool {
        self.config.replicas_needed() > 0
    }

    fn submit(&self, requests: Vec<Request>) {
        if let Some(hub) = self.hub.get() {
            hub.submit(requests);
        }
    }

    fn tick(&self, now: Moment) {
        if let Some(hub) = self.hub.get() {
            hub.tick(now);
        }
    }

    fn stop(&self) {
        for task in self.tasks.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            task.abort();
        }
        drop(self.watch.lock().unwrap_or_else(PoisonError::into_inner).take());
        if let Some(hub) = self.hub.get() {
            hub.close();
        }
    }
}

impl Drop for RedisBackend {
    fn drop(&mut self) {
        self.stop();
    }
}

impl fmt::Debug for RedisBackend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisBackend").field("config", &self.config).finish_non_exhaustive()
    }
}
