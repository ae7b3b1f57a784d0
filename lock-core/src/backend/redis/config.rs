//! Where the server is, who we are there, and under which names we keep things.

use std::fmt;
use std::io;
use std::sync::Arc;

use ::redis::{Client, ConnectionAddr, ConnectionInfo, ProtocolVersion};
use futures_util::future::join;

use super::access::{Access, Known, Login};
use super::credentials::Credentials;
use super::errand::Node;
use super::red_master::RedMaster;
use super::sentinel::Sentinels;
use super::supplier::{Supplier, Wait};
use super::{cluster, fault, url};
use crate::backend::Fault;
use crate::clock::{BootClock, Clock};
use crate::error::LockError;
use crate::params::DEFAULT_KEY_PREFIX;

/// What a [`RedisBackend`](super::RedisBackend) needs to know. Its `Debug` shows no password.
#[derive(Clone)]
pub struct RedisConfig {
    info: ConnectionInfo,
    namespace: Arc<str>,
    clock: Arc<dyn Clock>,
    own_stream: bool,
    access: Access,
    /// Who is asked for the login, where the URL has none.
    login: Option<Supplier<Credentials>>,
    red: Option<Arc<RedMaster>>,
    /// Who knows the server's address, where it is not in `info`.
    sentinels: Option<Arc<Sentinels>>,
    min_replicas: u32,
    /// The nodes of the URL, where the server is a cluster.
    seeds: Arc<[Node]>,
}

impl RedisConfig {
    /// The server at `url`: `redis://[user:password@]host[:port][/db]`, `rediss://..` (feature `tls`),
    /// `unix:///path[?db=0&user=..&pass=..]`; or the cluster of which some nodes are
    /// `redis-cluster://[user:password@]host:port[,host:port..]` (`rediss-cluster://..`); or the master that sentinels
    /// know: `redis-sentinel://[user:password@]host[:port][,host[:port]..]/master-name[/db]`. User and password are the
    /// master's; where the sentinels ask for a login too it is added as `?sentinel_user=..&sentinel_pass=..`.
    /// `rediss-sentinel://` is TLS to both. Nothing is connected yet.
    ///
    /// # Errors
    /// [`LockError::Config`] says what is wrong with the URL and what to write; it never quotes the password.
    pub fn parse(url: &str) -> Result<Self, LockError> {
        if let Some((info, seeds)) = cluster::parse_url(url)? {
            return Ok(Self { seeds: seeds.into(), ..Self::from_info(info, true) });
        }
        let described = url::parse(url)?;
        let mut config = Self::from_info(described.info, true);
        config.sentinels = described.service.map(Sentinels::new);
        Ok(config)
    }

    /// The server of an existing client, with its address, credentials, TLS certificates and socket options. Connections
    /// are our own: RESP2, `TCP_NODELAY`, no time limits (the engine has them).
    #[must_use]
    pub fn from_client(client: &Client) -> Self {
        Self::from_info(client.get_connection_info().clone(), false)
    }

    fn from_info(info: ConnectionInfo, own_stream: bool) -> Self {
        let settings = info.tcp_settings().clone().set_nodelay(true);
        Self {
            info: info.set_tcp_settings(settings),
            namespace: Arc::from(DEFAULT_KEY_PREFIX),
            clock: Arc::new(BootClock),
            own_stream,
            access: Access::default(),
            login: None,
            red: None,
            sentinels: None,
            min_replicas: 0,
            seeds: Arc::default(),
        }
    }

    /// How one sentinel is talked to.
    pub(super) fn of_sentinel(info: ConnectionInfo, access: &Access) -> Self {
        let login = access.at(&info, Login::Sentinel);
        Self { access: access.clone(), login, ..Self::from_info(info, true) }
    }

    /// With the logins, certificates and addresses that the manager was told.
    #[must_use]
    pub(crate) fn with_access(mut self, access: &Access) -> Self {
        self.login = access.at(&self.info, Login::Server);
        if let Some(sentinels) = &self.sentinels {
            sentinels.take_note_of(access);
        }
        self.access = access.clone();
        self
    }

    /// With what its own backend hears of the sentinels.
    pub(super) fn for_one_backend(mut self) -> Self {
        self.sentinels = self.sentinels.map(|sentinels| sentinels.afresh());
        self
    }

    /// Lets a hold count only after so many replicas have acknowledged it; default 0. What that gives, and what not, stands
    /// at [`ManagerBuilder::min_replicas`](crate::ManagerBuilder::min_replicas).
    #[must_use]
    pub fn min_replicas(mut self, min_replicas: u32) -> Self {
        self.min_replicas = min_replicas;
        self
    }

    /// Logs in as this ACL user.
    #[must_use]
    pub fn username(mut self, username: &str) -> Self {
        let settings = self.info.redis_settings().clone().set_username(username);
        self.info = self.info.set_redis_settings(settings);
        self
    }

    /// Logs in with this password.
    #[must_use]
    pub fn password(mut self, password: &str) -> Self {
        let settings = self.info.redis_settings().clone().set_password(password);
        self.info = self.info.set_redis_settings(settings);
        self
    }

    /// Keeps everything under `namespace` (default [`DEFAULT_KEY_PREFIX`]), which the caller has checked.
    #[must_use]
    pub fn namespace(mut self, namespace: &str) -> Self {
        self.namespace = Arc::from(namespace);
        self
    }

    /// Measures by `clock`; it must be the engine's.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// It is one of the masters of red locks, and used only while its vote counts.
    pub(crate) fn red(mut self, master: Arc<RedMaster>) -> Self {
        self.red = Some(master);
        self
    }

    /// What it has to be as a master of red locks.
    pub(super) fn as_red(&self) -> Option<&Arc<RedMaster>> {
        self.red.as_ref()
    }

    /// The same server, counted or not.
    pub(super) fn whether_counted_or_not(&self) -> Self {
        Self { red: None, ..self.clone() }
    }

    /// The name of the counter that fences come from; in a cluster, what the names of its counters begin with.
    #[must_use]
    pub fn counter_key(&self) -> String {
        format!("{}:%fence", self.namespace)
    }

    /// What the names of push channels begin with.
    #[must_use]
    pub fn channel_prefix(&self) -> String {
        format!("{}:%grants:", self.namespace)
    }

    /// Where nobody listens: what is published there is written to the replicas.
    pub(super) fn acknowledged_channel(&self) -> String {
        format!("{}:%acknowledged", self.namespace)
    }

    /// Where the server is, for messages; without credentials.
    #[must_use]
    pub fn address(&self) -> String {
        match &self.sentinels {
            Some(sentinels) => sentinels.address(),
            None => self.info.addr().to_string(),
        }
    }

    pub(super) fn sentinels(&self) -> Option<&Arc<Sentinels>> {
        self.sentinels.as_ref()
    }

    pub(super) fn replicas_needed(&self) -> u32 {
        self.min_replicas
    }

    /// Whether it is a cluster.
    #[must_use]
    pub fn is_cluster(&self) -> bool {
        !self.seeds.is_empty()
    }

    /// The nodes by which the cluster is found.
    pub(super) fn seeds(&self) -> &[Node] {
        &self.seeds
    }

    /// The same for one node, with all that is needed to log in there.
    pub(super) fn at(&self, node: &Node) -> Self {
        let Node::At(host, port) = node else { return self.clone() };
        let (host, port) = (host.to_string(), *port);
        let address = match self.info.addr() {
            ConnectionAddr::TcpTls { insecure, tls_params, .. } => {
                ConnectionAddr::TcpTls { host, port, insecure: *insecure, tls_params: tls_params.clone() }
            }
            _ => ConnectionAddr::Tcp(host, port),
        };
        Self { info: self.info.clone().set_addr(address), ..self.clone() }
    }

    pub(super) fn in_namespace(&self) -> &str {
        &self.namespace
    }

    pub(super) fn shared_clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    /// Whether all is known that a connection takes, which the driver then polls itself instead of through a second task.
    pub(super) fn opens_own_stream(&self) -> bool {
        self.own_stream
    }

    /// What one connection to `info` is opened with.
    pub(super) async fn known(&self, info: &ConnectionInfo, anew: bool) -> io::Result<Known> {
        let over_tls = self.makes_own_tls(info);
        self.access.known(self.login.as_ref(), over_tls, anew, Wait::Short).await
    }

    /// Asks for what connections are opened with, and waits for it longer than any of them.
    ///
    /// # Errors
    /// What was said, or that nothing was, and by whom, for people.
    pub(super) async fn ask_first(&self) -> Result<(), Fault> {
        let own = self.access.known(self.login.as_ref(), self.makes_own_tls(&self.info), false, Wait::Full);
        let sentinels = self.access.sentinel_credentials.as_ref().filter(|_| self.sentinels.is_some());
        let of_sentinels = self.access.known(sentinels, false, false, Wait::Full);
        let (own, of_sentinels) = join(own, of_sentinels).await;
        own.and(of_sentinels).map(drop).map_err(fault::transient)
    }

    /// Whether TLS to `info` is our own doing, and not the client library's.
    fn makes_own_tls(&self, info: &ConnectionInfo) -> bool {
        #[cfg(feature = "tls")]
        let has_own = self.own_stream || self.access.tls.is_given();
        #[cfg(not(feature = "tls"))]
        let has_own = false;
        has_own && matches!(info.addr(), ConnectionAddr::TcpTls { .. })
    }

    /// Whether the login may be another one at the next attempt.
    pub(super) fn asks_for_login(&self) -> bool {
        self.login.is_some()
    }

    pub(super) fn access(&self) -> &Access {
        &self.access
    }

    /// Where to connect to now; the sentinels are asked each time.
    pub(super) async fn located(&self, protocol: ProtocolVersion) -> Result<ConnectionInfo, Fault> {
        match &self.sentinels {
            Some(sentinels) => sentinels.master(self.info(protocol), &self.access.addresses).await,
            None => Ok(self.info(protocol)),
        }
    }

    pub(super) fn info(&self, protocol: ProtocolVersion) -> ConnectionInfo {
        let settings = self.info.redis_settings().clone().set_protocol(protocol);
        self.info.clone().set_redis_settings(settings)
    }
}

impl fmt::Debug for RedisConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisConfig")
            .field("address", &self.address())
            .field("db", &self.info.redis_settings().db())
            .field("username", &self.info.redis_settings().username())
            .field("namespace", &self.namespace)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_where_but_no_password() {
        let config = RedisConfig::parse("redis://app:secret@127.0.0.1:7000/2").unwrap();
        let text = format!("{config:?} {}", config.address());
        assert!(text.contains("127.0.0.1:7000") && text.contains("app"), "{text}");
        assert!(!text.contains("secret"), "{text}");
    }

    #[test]
    fn an_existing_client_hands_over_address_and_credentials() {
        let client = Client::open("redis://app:secret@127.0.0.1:7000/2?protocol=resp3").unwrap();
        let config = RedisConfig::from_client(&client).namespace("JOBS");
        let info = config.info(ProtocolVersion::RESP2);
        assert_eq!(info.redis_settings().password(), Some("secret"));
        assert_eq!(info.redis_settings().db(), 2);
        assert!(info.tcp_settings().nodelay());
        assert_eq!(config.counter_key(), "JOBS:%fence");
    }
}
