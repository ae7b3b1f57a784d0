//! The masters of red locks, from URLs to engines.

use std::fmt;
#[cfg(feature = "redis")]
use std::sync::Arc;
use std::time::Duration;

use super::builder::has_started;
#[cfg(any(test, feature = "redis"))]
use super::builder::start;
#[cfg(any(test, feature = "redis"))]
use super::connect::Opened;
use super::connect::Servers;
use crate::engine::Started;
use crate::error::LockError;
use crate::kind::{Master, Masters};
use crate::params::check_expire;

/// The longest lease of a red lock, unless the manager says otherwise.
const DEFAULT_MAX_LEASE: Duration = Duration::from_secs(30);

/// Each is asked by every call: more would only make it slower.
const MOST_MASTERS: usize = 99;

/// What the builder was told.
pub(super) struct RedOptions {
    pub(super) urls: Option<Vec<String>>,
    pub(super) max_lease: Duration,
    pub(super) keep_data: bool,
    /// In the place of URLs.
    #[cfg(test)]
    pub(super) opened: Vec<Opened>,
}

impl Default for RedOptions {
    fn default() -> Self {
        Self {
            urls: None,
            max_lease: DEFAULT_MAX_LEASE,
            keep_data: false,
            #[cfg(test)]
            opened: Vec::new(),
        }
    }
}

/// Not the URLs: they may hold passwords.
impl fmt::Debug for RedOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedOptions")
            .field("masters", &self.urls.as_ref().map_or(0, Vec::len))
            .field("max_lease", &self.max_lease)
            .field("keep_data", &self.keep_data)
            .finish_non_exhaustive()
    }
}

/// A master whose start is under way.
struct Starting {
    master: Master,
    started: Started,
    #[cfg(feature = "redis")]
    looked: Option<Arc<crate::backend::redis::RedMaster>>,
}

/// All of them.
pub(super) struct StartingMasters {
    of: Vec<Starting>,
    max_lease: Duration,
}

impl RedOptions {
    pub(super) fn is_wanted(&self) -> bool {
        #[cfg(test)]
        if !self.opened.is_empty() {
            return true;
        }
        self.urls.is_some()
    }

    /// Starts an engine for each; `None` if none were asked for.
    pub(super) fn start(self, servers: &Servers<'_>) -> Result<Option<StartingMasters>, LockError> {
        if !self.is_wanted() {
            return Ok(None);
        }
        check_expire("red_max_lease", self.max_lease)?;
        #[cfg(test)]
        if !self.opened.is_empty() {
            check_count(self.opened.len())?;
            let of = self
                .opened
                .into_iter()
                .map(|opened| Starting::of("memory".to_owned(), opened, servers.namespace));
            return Ok(Some(StartingMasters {
                of: of.collect::<Result<_, _>>()?,
                max_lease: self.max_lease,
            }));
        }
        let urls = self.urls.unwrap_or_default();
        check_count(urls.len())?;
        let of = open_all(urls, (!self.keep_data).then_some(self.max_lease), servers)?;
        Ok(Some(StartingMasters { of, max_lease: self.max_lease }))
    }
}

#[cfg(feature = "redis")]
fn open_all(
    urls: Vec<String>,
    max_lease: Option<Duration>,
    servers: &Servers<'_>,
) -> Result<Vec<Starting>, LockError> {
    use crate::backend::redis::{RedMaster, RedisConfig};
    if urls.iter().any(|url| !is_of_one_server(url)) {
        let message = "a red master is one server: behind sentinels or in a cluster a replica would take its place without all \
                       that it had granted, and vote a second time; write redis://.. URLs of servers that have no replicas";
        return Err(LockError::Config { message: message.to_owned() });
    }
    // Replicas of a red master count for nothing.
    let servers = Servers { min_replicas: 0, ..*servers };
    let roles = RedMaster::several(urls.len(), max_lease);
    let configs: Vec<_> = urls.iter().map(|url| RedisConfig::parse(url)).collect::<Result<_, _>>()?;
    let open = |(config, role): (RedisConfig, Arc<RedMaster>)| {
        let address = config.address();
        let opened = super::connect::on_redis(config.red(Arc::clone(&role)), &servers);
        Ok(Starting { looked: Some(role), ..Starting::of(address, opened, servers.namespace)? })
    };
    configs.into_iter().zip(roles).map(open).collect()
}

#[cfg(feature = "redis")]
fn is_of_one_server(url: &str) -> bool {
    let scheme = url.split(':').next().unwrap_or_default();
    !scheme.contains("sentinel") && !scheme.contains("cluster")
}

#[cfg(not(feature = "redis"))]
fn open_all(_: Vec<String>, _: Option<Duration>, _: &Servers<'_>) -> Result<Vec<Starting>, LockError> {
    Err(LockError::Config { message: "red masters need the feature `redis` of lock-core".to_owned() })
}

fn check_count(count: usize) -> Result<(), LockError> {
    let message = match count {
        0..=2 => format!(
            "red locks need three masters or more, and {count} given survive no loss of one: name three independent ones, \
             or keep the locks on a single server with `.url(..)`, which does the same"
        ),
        _ if count.is_multiple_of(2) => format!(
            "red locks need an odd number of masters: of {count} a majority is {}, so the last one costs a vote and \
             survives nothing more; leave one out, or add one",
            count / 2 + 1
        ),
        _ if count > MOST_MASTERS => {
            format!("{count} red masters, but {MOST_MASTERS} are the most: five survive the loss of two")
        }
        _ => return Ok(()),
    };
    Err(LockError::Config { message })
}

impl Starting {
    #[cfg(any(test, feature = "redis"))]
    fn of(address: String, opened: Opened, namespace: &str) -> Result<Self, LockError> {
        let (engine, started) = start(opened, namespace)?;
        Ok(Self {
            master: Master { address, engine },
            started,
            #[cfg(feature = "redis")]
            looked: None,
        })
    }

    /// What does not pass by itself is an error; that it did not answer is told beside it.
    async fn connected(self) -> Result<(Master, Result<(), String>), LockError> {
        has_started(self.started).await?;
        #[cfg(feature = "redis")]
        if let Some(role) = self.looked {
            return Ok((self.master, role.first_look()));
        }
        Ok((self.master, Ok(())))
    }
}

impl StartingMasters {
    /// Waits until a majority has answered, and the others have or have had the time to.
    pub(super) async fn connected(self) -> Result<Masters, LockError> {
        let (mut of, mut absent) = (Vec::with_capacity(self.of.len()), Vec::new());
        for starting in self.of {
            let (master, looked) = starting.connected().await?;
            if let Err(reason) = looked {
                absent.push(format!("{}: {reason}", master.address));
            }
            of.push(master);
        }
        let count = of.len();
        let masters = Masters::new(of, self.max_lease);
        if count - absent.len() < masters.needed() {
            let addresses: Vec<_> = masters.all().iter().map(|it| it.address.as_str()).collect();
            return Err(LockError::Connect {
                address: addresses.join(", "),
                reason: format!(
                    "{} of {count} red masters answered, and {} are needed; {}",
                    count - absent.len(),
                    masters.needed(),
                    absent.join("; ")
                ),
            });
        }
        for reason in absent {
            tracing::warn!("a red master did not answer and will be connected to when it does: {reason}");
        }
        Ok(masters)
    }
}

/// For tests: masters of any backend.
#[cfg(test)]
impl super::ManagerBuilder {
    pub(super) fn red_backends(mut self, opened: Vec<Opened>) -> Self {
        self.red.opened = opened;
        self
    }
}
