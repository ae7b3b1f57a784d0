//! A master, its replicas, and the sentinels that watch them.

mod node;
mod turn;

use std::time::{Duration, Instant};

pub use self::node::Sentinel;
use self::turn::Turn;
use lock_core::LockManager;

use crate::found::Binary;
use crate::leftovers::left_on_all;
use crate::resp::{Connection, Value};
use crate::server::{Server, ServerOptions};
use crate::until;

/// What the sentinels call the master.
const NAME: &str = "mymaster";
const SENTINELS: usize = 3;
/// How long a failover, or a replica, may take on a busy machine.
const PATIENCE: Duration = TILT.saturating_add(Duration::from_secs(30));
/// A sentinel that finds that it stood still for two seconds does nothing for so long.
const TILT: Duration = Duration::from_secs(30);
/// Past this a test hangs.
const LIMIT: Duration = Duration::from_secs(120);
/// All that is left goes by itself within the longest lease that a test leaves behind.
const LONGEST_LEASE: Duration = Duration::from_secs(11);

/// A deployment of a test's own; gone when dropped.
#[derive(Debug)]
pub struct Deployment {
    // Dropped first: they must not see the others die, and begin to elect.
    sentinels: Vec<Sentinel>,
    servers: Vec<Server>,
    // Dropped last.
    _turn: Turn,
}

impl Deployment {
    /// One master, so many replicas, three sentinels of whom two have to agree; all of them know each other.
    ///
    /// # Panics
    /// If one of them does not come up.
    #[must_use]
    pub fn start(binary: &'static Binary, replicas: usize) -> Self {
        Self::start_with(binary, replicas, |options| options)
    }

    /// As [`start`](Self::start), with servers that have extras.
    ///
    /// # Panics
    /// If one of them does not come up.
    #[must_use]
    pub fn start_with(
        binary: &'static Binary,
        replicas: usize,
        extras: impl Fn(ServerOptions) -> ServerOptions,
    ) -> Self {
        Self::with(binary, replicas, None, extras)
    }

    /// The same, with sentinels that take nobody for dead within a minute: for tests that may be kept waiting by others.
    ///
    /// # Panics
    /// If one of them does not come up.
    #[must_use]
    pub fn patient(binary: &'static Binary, replicas: usize) -> Self {
        Self::patient_with(binary, replicas, |options| options)
    }

    /// As [`patient`](Self::patient), with servers that have extras.
    ///
    /// # Panics
    /// If one of them does not come up.
    #[must_use]
    pub fn patient_with(
        binary: &'static Binary,
        replicas: usize,
        extras: impl Fn(ServerOptions) -> ServerOptions,
    ) -> Self {
        let deployment = Self::start_with(binary, replicas, extras);
        for sentinel in &deployment.sentinels {
            let said = sentinel.command(&["SENTINEL", "SET", NAME, "down-after-milliseconds", "60000"]);
            assert_eq!(said.text(), Some("OK"), "{said:?}");
        }
        deployment
    }

    /// One master, which wants a password, and three sentinels, which want another.
    ///
    /// # Panics
    /// If one of them does not come up.
    #[must_use]
    pub fn with_passwords(binary: &'static Binary, master: &str, sentinels: &str) -> Self {
        Self::with(binary, 0, Some((master, sentinels)), |options| options.password(master))
    }

    fn with(
        binary: &'static Binary,
        replicas: usize,
        passwords: Option<(&str, &str)>,
        extras: impl Fn(ServerOptions) -> ServerOptions,
    ) -> Self {
        let turn = Turn::wait();
        let quick = |options: ServerOptions| {
            extras(options.config("repl-diskless-sync yes").config("repl-diskless-sync-delay 0"))
        };
        let master = quick(Server::of(binary)).start();
        let replica_of = format!("replicaof 127.0.0.1 {}", master.told_port());
        let mut servers = vec![master];
        servers.extend((0..replicas).map(|_| quick(Server::of(binary)).config(&replica_of).start()));
        let (port, tls) = (servers[0].told_port(), servers[0].speaks_tls_to_servers());
        until(PATIENCE, "the replicas are connected", || acknowledging(&servers[0]) == replicas);
        let sentinels = (0..SENTINELS).map(|_| Sentinel::start(binary, NAME, port, passwords, tls)).collect();
        let deployment = Self { sentinels, servers, _turn: turn };
        until(PATIENCE, "the sentinels know each other and the replicas", || {
            deployment.sentinels.iter().all(|sentinel| {
                let of = |what| sentinel.command(&["SENTINEL", what, NAME]).items().len();
                of("SENTINELS") == SENTINELS - 1 && of("REPLICAS") == replicas
            })
        });
        deployment
    }

    /// `redis-sentinel://127.0.0.1:port,127.0.0.1:port,127.0.0.1:port/mymaster`; `rediss-sentinel://` where the servers speak TLS
    /// to each other.
    #[must_use]
    pub fn url(&self) -> String {
        let hosts: Vec<String> =
            self.sentinels.iter().map(|sentinel| sentinel.client_address().to_string()).collect();
        let scheme =
            if self.servers[0].speaks_tls_to_servers() { "rediss-sentinel" } else { "redis-sentinel" };
        format!("{scheme}://{}/{NAME}", hosts.join(","))
    }

    /// Plays `test` in a runtime of its own; afterwards nothing may be left on any server, an old master neither.
    ///
    /// # Panics
    /// If the test does, or does not end, or leaves something behind.
    pub fn play(&self, test: impl AsyncFn(&Self)) {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .expect("a runtime can be built");
        runtime.block_on(async {
            let ended = tokio::time::timeout(LIMIT, test(self)).await;
            assert!(ended.is_ok(), "hangs: not over after {LIMIT:?}");
        });
        drop(runtime);
        let mut left = Vec::new();
        let start = Instant::now();
        while start.elapsed() < LONGEST_LEASE {
            left = left_on_all(&self.servers, "LOCK");
            if left.is_empty() {
                return;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        panic!("left behind: {left:?}");
    }

    /// One more manager, as another process would have.
    ///
    /// # Panics
    /// If it cannot connect.
    pub async fn manager(&self) -> LockManager {
        LockManager::connect(&self.url()).await.expect("the master can be found")
    }

    /// One more manager, whose locks count after so many replicas have acknowledged them.
    ///
    /// # Panics
    /// If it cannot connect.
    pub async fn careful_manager(&self, min_replicas: u32) -> LockManager {
        let builder = LockManager::builder().url(self.url()).min_replicas(min_replicas);
        builder.connect().await.expect("the master can be found")
    }

    /// All servers; the first one began as the master.
    #[must_use]
    pub fn servers(&self) -> &[Server] {
        &self.servers
    }

    /// All sentinels.
    #[must_use]
    pub fn sentinels(&self) -> &[Sentinel] {
        &self.sentinels
    }

    /// The server that is the master by the word of a sentinel that answers.
    ///
    /// # Panics
    /// If none does.
    #[must_use]
    pub fn master(&self) -> &Server {
        let said = self.sentinels.iter().find_map(Sentinel::master_port).expect("a sentinel answers");
        self.servers.iter().find(|server| server.told_port() == said).expect("it names one of the servers")
    }

    /// The others.
    #[must_use]
    pub fn replicas(&self) -> Vec<&Server> {
        let master = self.master().address();
        self.servers.iter().filter(|server| server.address() != master).collect()
    }

    /// Orders a failover, as for maintenance, and returns when all sentinels that answer name another master.
    ///
    /// # Panics
    /// If it does not happen.
    pub fn fail_over(&self) {
        let old = self.master().told_port();
        let leader = self.sentinels.iter().find(|sentinel| sentinel.master_port().is_some());
        let leader = leader.expect("a sentinel answers");
        // Refused while the replicas are not yet known as good.
        until(PATIENCE, "a failover begins", || {
            leader.command(&["SENTINEL", "FAILOVER", NAME]).text() == Some("OK")
        });
        self.until_elsewhere(old);
    }

    /// Waits until all sentinels that answer name another master than the one that they knew at port `old`, and that is one; how long
    /// that took.
    ///
    /// # Panics
    /// If it does not happen.
    pub fn until_elsewhere(&self, old: u16) -> Duration {
        let start = Instant::now();
        until(PATIENCE, "the sentinels have made another server the master", || {
            let mut said = self.sentinels.iter().filter_map(Sentinel::master_port).peekable();
            said.peek().is_some() && said.all(|port| port != old)
        });
        until(PATIENCE, "it is one", || is_master(self.master()));
        start.elapsed()
    }

    /// What the sentinels may have lost because the machine, and they with it, stood still: the time in which one that finds
    /// that does nothing, if one did.
    #[must_use]
    pub fn stood_still(&self) -> Duration {
        let tilted = self.sentinels.iter().any(|sentinel| sentinel.log().contains("+tilt"));
        if tilted { TILT } else { Duration::ZERO }
    }

    /// Waits until all servers but the master are its replicas and in step with it.
    ///
    /// # Panics
    /// If they do not become that.
    pub fn until_whole(&self) {
        until(PATIENCE, "all others are replicas of the master", || {
            acknowledging(self.master()) == self.servers.len() - 1
        });
    }
}

/// How many replicas a server has that are in step with it: some count as online before they hear what is written.
fn acknowledging(server: &Server) -> usize {
    let ask = |connection: &mut Connection| {
        connection.command(&["PUBLISH", "in-step", ""])?;
        connection.command(&["WAIT", "9", "50"])
    };
    let count = server.connect().and_then(|mut connection| ask(&mut connection));
    count.ok().and_then(|count| usize::try_from(count.integer()?).ok()).unwrap_or(0)
}

/// What the sentinels did, where a test failed: on a busy machine they may see a server die that did not.
impl Drop for Deployment {
    fn drop(&mut self) {
        if std::thread::panicking() {
            for sentinel in &self.sentinels {
                eprintln!("a sentinel's log:\n{}", sentinel.log());
            }
        }
    }
}

fn is_master(server: &Server) -> bool {
    let role = server.connect().and_then(|mut connection: Connection| connection.command(&["ROLE"]));
    role.is_ok_and(|role: Value| role.items().first().and_then(Value::text) == Some("master"))
}
