//! Independent masters of red locks.

use std::time::Duration;

use lock_core::{LockManager, ManagerBuilder};

use crate::{Binary, Server, leftovers, until_async};

/// All that is undone or released is gone by then, once every server answers.
const GONE: Duration = Duration::from_secs(10);

/// Several servers that know nothing of each other.
#[derive(Debug)]
pub struct Masters(Vec<Server>);

impl Masters {
    /// So many of them.
    ///
    /// # Panics
    /// If one does not come up.
    #[must_use]
    pub fn start(binary: &'static Binary, count: usize) -> Self {
        Self((0..count).map(|_| Server::start(binary)).collect())
    }

    /// One of them.
    #[must_use]
    pub fn server(&self, place: usize) -> &Server {
        &self.0[place]
    }

    /// What managers connect to.
    #[must_use]
    pub fn urls(&self) -> Vec<String> {
        self.0.iter().map(Server::url).collect()
    }

    /// How managers are made, without more.
    pub fn builder(&self) -> ManagerBuilder {
        LockManager::builder().red_masters(self.urls())
    }

    /// A manager for tests that restart no master: each counts from its first moment.
    ///
    /// # Panics
    /// If it can't connect.
    pub async fn manager(&self) -> LockManager {
        self.builder().red_masters_keep_data().connect().await.unwrap_or_else(|error| panic!("{error}"))
    }

    /// All keys that are left, over all servers.
    #[must_use]
    pub fn leftovers(&self) -> Vec<String> {
        self.0.iter().flat_map(|server| leftovers(server, "LOCK")).collect()
    }

    /// Waits until nothing is left on any.
    ///
    /// # Panics
    /// If something is, after ten seconds.
    pub async fn are_empty(&self) {
        until_async(GONE, "nothing is left on any master", || self.leftovers().is_empty()).await;
    }
}
