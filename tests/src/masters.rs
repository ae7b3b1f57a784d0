//! Independent masters of red locks.

use std::time::Duration;

use lock_core::{LockManager, ManagerBuilder};

use crate::{Binary, Proxy, Server, leftovers, until_async};

/// All that is undone or released is gone by then, once every server answers.
const GONE: Duration = Duration::from_secs(10);

/// Several servers that know nothing of each other.
#[derive(Debug)]
pub struct Masters(Vec<Server>);

impl Masters {
    /// So many of them, known for long: they count at once.
    ///
    /// # Panics
    /// If one does not come up.
    #[must_use]
    pub fn start(binary: &'static Binary, count: usize) -> Self {
        let masters = Self::never_seen(binary, count);
        masters.0.iter().for_each(Server::known_as_red_master);
        masters
    }

    /// So many of them that nobody has asked for a lock yet: none of them counts before the longest lease is over.
    ///
    /// # Panics
    /// If one does not come up.
    #[must_use]
    pub fn never_seen(binary: &'static Binary, count: usize) -> Self {
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

    /// A network of its own to each of them, that can be broken.
    #[must_use]
    pub fn proxies(&self) -> Vec<Proxy> {
        let seeds = 1..;
        self.0.iter().zip(seeds).map(|(server, seed)| Proxy::start(server.address(), seed)).collect()
    }

    /// How managers are made that reach them by these networks alone.
    pub fn builder_through(&self, proxies: &[Proxy]) -> ManagerBuilder {
        let urls = self.0.iter().zip(proxies).map(|(server, proxy)| server.url_through(proxy.address()));
        LockManager::builder().red_masters(urls)
    }

    /// A manager for tests that restart no master: each counts from its first moment.
    ///
    /// # Panics
    /// If it can't connect.
    pub async fn manager(&self) -> LockManager {
        self.builder().red_masters_keep_data().connect().await.unwrap_or_else(|error| panic!("{error}"))
    }

    /// The places of those that have anything of the lock `key`, if they answer.
    #[must_use]
    pub fn who_have(&self, key: &str) -> Vec<usize> {
        let name = format!("LOCK:{key}");
        let has_it = |server: &Server| server.must(&["EXISTS", &name]).integer() == Some(1);
        (0..self.0.len()).filter(|place| has_it(&self.0[*place])).collect()
    }

    /// Waits until each has renewed the lock `key` for whoever has it now: then its holder counts on them all. That a
    /// master has it says less: its holder may not know yet, and take it back.
    ///
    /// # Panics
    /// If one does not, in ten seconds.
    pub async fn all_renew(&self, key: &str) {
        let name = format!("LOCK:{key}");
        for server in &self.0 {
            // The holder's member, and the end of its lease.
            let holder = || {
                let record = server.must(&["ZRANGE", &name, "0", "-1", "WITHSCORES"]).items().to_vec();
                let at =
                    record.iter().position(|member| member.text().is_some_and(|it| it.starts_with("1H")))?;
                record.get(at..at + 2).map(<[_]>::to_vec)
            };
            let mut before = holder();
            until_async(GONE, "it is renewed", || {
                let old = std::mem::replace(&mut before, holder());
                let (Some(before), Some(old)) = (&before, old) else { return false };
                before[0] == old[0] && before[1] != old[1]
            })
            .await;
        }
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
