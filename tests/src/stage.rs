//! Where a contract is played: a place that keeps locks, and managers of it.

use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use lock_core::backend::memory::MemoryBackend;
use lock_core::{DEFAULT_KEY_PREFIX, LockManager, LockName, ManagerBuilder};

use crate::arrival::record_length;
use crate::leftovers::of_connection;
use crate::topology::Started;
use crate::{Binary, Cluster, Connection, Deployment, Server, Topology};

/// Past this a test hangs.
const LIMIT: Duration = Duration::from_secs(120);
/// All that is left on a server goes by itself within the longest lease that the suite leaves behind.
const LONGEST_LEASE: Duration = Duration::from_secs(11);
/// The majority of three is the smallest.
const RED_MASTERS: usize = 3;

/// A place of its own for one test.
#[derive(Debug)]
pub struct Stage {
    place: Place,
    url: String,
    namespace: String,
}

#[derive(Debug)]
enum Place {
    Memory(MemoryBackend),
    Server(Box<Server>),
    Masters(Vec<Server>),
    Shared(&'static dyn Topology),
}

impl Stage {
    /// In this process.
    #[must_use]
    pub fn memory() -> Self {
        let name = format!("stage-{}", next());
        Self::at(Place::Memory(MemoryBackend::named(&name)), format!("memory:{name}"))
    }

    /// On a server.
    #[must_use]
    pub fn on(binary: &'static Binary) -> Self {
        Self::of(Server::start(binary))
    }

    /// On this server.
    #[must_use]
    pub fn of(server: Server) -> Self {
        let url = server.url();
        Self::at(Place::Server(Box::new(server)), url)
    }

    /// On three masters that know nothing of each other, for `red` alone.
    #[must_use]
    pub fn red(binary: &'static Binary) -> Self {
        let masters: Vec<_> = std::iter::repeat_with(|| Server::start(binary)).take(RED_MASTERS).collect();
        masters.iter().for_each(Server::known_as_red_master);
        Self::at(Place::Masters(masters), String::new())
    }

    /// On servers that other tests use at the same time, in a namespace of its own.
    #[must_use]
    pub fn shared(topology: &'static dyn Topology) -> Self {
        let stage = Self::at(Place::Shared(topology), topology.url());
        Self { namespace: format!("STAGE{}", next()), ..stage }
    }

    /// On a master that sentinels watch.
    #[must_use]
    pub fn sentinel(binary: &'static Binary) -> Self {
        static STARTED: Started<Deployment> = Started::none();
        Self::shared(STARTED.get(binary, |binary| Deployment::patient(binary, 1)))
    }

    /// On a cluster of three masters.
    #[must_use]
    pub fn cluster(binary: &'static Binary) -> Self {
        static STARTED: Started<Cluster> = Started::none();
        let start = |binary| {
            // A node that others keep waiting is not dead.
            Cluster::start_with(binary, 3, 0, |options| options.config("cluster-node-timeout 60000"))
        };
        Self::shared(STARTED.get(binary, start))
    }

    fn at(place: Place, url: String) -> Self {
        Self { place, url, namespace: DEFAULT_KEY_PREFIX.to_owned() }
    }

    /// The server, for tests that are about one.
    ///
    /// # Panics
    /// If the stage has none.
    #[must_use]
    pub fn server(&self) -> &Server {
        self.has_server().expect("a stage on a server")
    }

    /// The server, if it is just one.
    #[must_use]
    pub fn has_server(&self) -> Option<&Server> {
        match &self.place {
            Place::Server(server) => Some(server),
            _ => None,
        }
    }

    /// Whether it keeps red locks, and no others.
    #[must_use]
    pub fn keeps_red(&self) -> bool {
        matches!(self.place, Place::Masters(_))
    }

    /// What managers connect to.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The full name of the lock `key`.
    #[must_use]
    pub fn name(&self, key: &str) -> String {
        format!("{}:{key}", self.namespace)
    }

    /// For a manager of this place.
    pub fn builder(&self) -> ManagerBuilder {
        let builder = LockManager::builder().namespace(&*self.namespace);
        match &self.place {
            Place::Masters(masters) => {
                builder.red_masters(masters.iter().map(Server::url)).red_masters_keep_data()
            }
            _ => builder.url(&*self.url),
        }
    }

    /// One more manager, as another process would have.
    ///
    /// # Panics
    /// If it cannot connect.
    pub async fn manager(&self) -> LockManager {
        self.builder().connect().await.expect("the stage can be connected to")
    }

    /// As [`manager`](Self::manager), from a plain thread.
    ///
    /// # Panics
    /// If it cannot connect.
    #[must_use]
    pub fn manager_blocking(&self) -> LockManager {
        self.builder().connect_blocking().expect("the stage can be connected to")
    }

    /// Plays `test` in a runtime of its own; afterwards nothing may be left.
    ///
    /// # Panics
    /// If the test does, or does not end, or leaves something behind.
    pub fn play(&self, test: impl AsyncFn(&Self)) {
        self.play_boxed(Box::pin(test(self)));
    }

    /// As [`play`](Self::play), but compiled once, and not for each of hundreds of tests.
    ///
    /// # Panics
    /// As [`play`](Self::play).
    pub fn play_boxed(&self, test: Pin<Box<dyn Future<Output = ()> + '_>>) {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .expect("a runtime can be built");
        runtime.block_on(async {
            let ended = tokio::time::timeout(LIMIT, test).await;
            assert!(ended.is_ok(), "hangs: not over after {LIMIT:?}");
        });
        drop(runtime);
        self.nothing_is_left();
    }

    /// Whoever held or waited for the lock is forgotten, as after a loss of data. Says whether anybody did.
    ///
    /// # Panics
    /// If a server does not answer.
    pub fn lose(&self, name: &LockName) -> bool {
        if let Place::Memory(memory) = &self.place {
            return memory.lose(name);
        }
        let delete = ["DEL", name.as_str()];
        let deleted =
            self.masters().into_iter().map(|mut master| master.command(&delete).expect("an answer"));
        deleted.filter(|reply| reply.integer() == Some(1)).count() > 0
    }

    /// The serialized length of the record of the lock `key`, whatever its layout is; `None` where no server keeps it, or
    /// where several do.
    ///
    /// # Panics
    /// If a server does not answer.
    #[must_use]
    pub fn record_length(&self, key: &str) -> Option<usize> {
        if matches!(self.place, Place::Memory(_) | Place::Masters(_)) {
            return None;
        }
        Some(record_length(self.masters(), &self.name(key)))
    }

    /// Waits until no lock is left.
    ///
    /// # Panics
    /// If one outlives the longest lease.
    pub fn nothing_is_left(&self) {
        let mut left = Vec::new();
        let start = Instant::now();
        while start.elapsed() < LONGEST_LEASE {
            left = self.left();
            if left.is_empty() {
                return;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        panic!("left behind: {left:?}");
    }

    /// The names of all locks that somebody has or wants.
    #[must_use]
    pub fn left(&self) -> Vec<String> {
        match &self.place {
            Place::Memory(memory) => memory.names(),
            _ => {
                self.masters().iter_mut().flat_map(|master| of_connection(master, &self.namespace)).collect()
            }
        }
    }

    fn masters(&self) -> Vec<Connection> {
        let connect = |server: &Server| server.connect().expect("the server answers");
        match &self.place {
            Place::Memory(_) => Vec::new(),
            Place::Server(server) => vec![connect(server)],
            Place::Masters(masters) => masters.iter().map(connect).collect(),
            Place::Shared(topology) => topology.masters(),
        }
    }
}

fn next() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed)
}
