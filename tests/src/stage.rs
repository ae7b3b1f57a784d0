//! Where a contract is played: a place that keeps locks, and managers of it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use lock_core::LockManager;
use lock_core::backend::memory::MemoryBackend;

use crate::{Binary, Server, leftovers};

/// Past this a test hangs.
const LIMIT: Duration = Duration::from_secs(120);
/// All that is left on a server goes by itself within the longest lease that the suite leaves behind.
const LONGEST_LEASE: Duration = Duration::from_secs(11);

/// A place of its own for one test.
#[derive(Debug)]
pub struct Stage {
    url: String,
    server: Option<Server>,
    memory: Option<MemoryBackend>,
}

impl Stage {
    /// In this process.
    #[must_use]
    pub fn memory() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let name = format!("stage-{}", NEXT.fetch_add(1, Ordering::Relaxed));
        Self { url: format!("memory:{name}"), server: None, memory: Some(MemoryBackend::named(&name)) }
    }

    /// On a server.
    #[must_use]
    pub fn on(binary: &'static Binary) -> Self {
        Self::of(Server::start(binary))
    }

    /// On this server.
    #[must_use]
    pub fn of(server: Server) -> Self {
        Self { url: server.url(), server: Some(server), memory: None }
    }

    /// The server, for tests that are about one.
    ///
    /// # Panics
    /// If the stage has none.
    #[must_use]
    pub fn server(&self) -> &Server {
        self.server.as_ref().expect("a stage on a server")
    }

    /// The server, if there is one.
    #[must_use]
    pub fn has_server(&self) -> Option<&Server> {
        self.server.as_ref()
    }

    /// What managers connect to.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// One more manager, as another process would have.
    ///
    /// # Panics
    /// If it cannot connect.
    pub async fn manager(&self) -> LockManager {
        LockManager::connect(&self.url).await.expect("the stage can be connected to")
    }

    /// Plays `test` in a runtime of its own; afterwards nothing may be left.
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
        self.nothing_is_left();
    }

    /// Waits until no lock is left.
    ///
    /// # Panics
    /// If one outlives the longest lease.
    pub fn nothing_is_left(&self) {
        let mut left = Vec::new();
        let start = std::time::Instant::now();
        while start.elapsed() < LONGEST_LEASE {
            left = match (&self.server, &self.memory) {
                (Some(server), _) => leftovers(server, "LOCK"),
                (None, Some(memory)) => memory.names(),
                (None, None) => Vec::new(),
            };
            if left.is_empty() {
                return;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        panic!("left behind: {left:?}");
    }
}
