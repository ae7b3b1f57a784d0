//! Logins, certificates and addresses that change while a manager lives.

use crate::backend::redis::{AddressMap, Credentials};
#[cfg(not(feature = "tls"))]
use crate::backend::redis::{AnyError, Supplier};
#[cfg(feature = "tls")]
use crate::backend::redis::{AnyError, Supplier, Tls, TlsClient};

use super::ManagerBuilder;

/// # Logins, certificates and addresses
impl ManagerBuilder {
    /// Asks `ask` for the login at each new connection, to every server whose URL has no password: for passwords that are
    /// rotated, and for tokens that last a quarter of an hour (ElastiCache IAM) or an hour (Entra ID). Without a user in the
    /// answer it is the URL's.
    ///
    /// Connections that are there already stay logged in. One that ends, because its token did for example, is made anew with
    /// what `ask` says then; holds are renewed and waiting calls keep their places meanwhile. An answer also serves the
    /// connections that are opened in the two seconds after it; if the server refuses it, `ask` is asked once more at once, and
    /// then again at each further attempt. While the refusals last, waiting calls go on to wait, up to their `wait`.
    ///
    /// `ask` runs on a thread of the manager's own (`lock-credentials`, a tokio runtime with timers and I/O), never on the one
    /// that renews holds nor on a runtime of yours. An answer that takes longer than 350 ms fails the attempt at a connection, and
    /// serves the next; after 2.5 s the future is dropped, and asked for anew. Both, an error that it returns, and a panic are
    /// named in the errors of calls that wait for the connection. It may block its thread, but not more than three others.
    ///
    /// ```no_run
    /// # async fn token() -> std::io::Result<String> { Ok(String::new()) }
    /// # async fn connect() -> Result<(), lock_core::LockError> {
    /// use lock_core::LockManager;
    /// use lock_core::backend::redis::Credentials;
    ///
    /// let locks = LockManager::builder()
    ///     .url("rediss://locks.example:6379")
    ///     .credentials(|| async { Ok(Credentials::new("app", token().await?)) })
    ///     .connect()
    ///     .await?;
    /// # Ok(()) }
    /// ```
    pub fn credentials<F>(mut self, ask: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<Credentials, AnyError>> + Send + 'static,
    {
        self.access.credentials = Some(Supplier::new("the credentials", &self.access.adviser, ask));
        self
    }

    /// As [`credentials`](Self::credentials), for the login at the sentinels themselves, whose URL has no `sentinel_pass`.
    pub fn sentinel_credentials<F>(mut self, ask: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<Credentials, AnyError>> + Send + 'static,
    {
        self.access.sentinel_credentials =
            Some(Supplier::new("the sentinels' credentials", &self.access.adviser, ask));
        self
    }

    /// Which authorities to trust and which certificate to show, for every URL that is for TLS: `rediss://`,
    /// `rediss-sentinel://` (sentinels and servers), `rediss-cluster://`, and those of red masters. Without it, the authorities
    /// that the system trusts, and none.
    ///
    /// Files are read at each new connection, on the thread of [`credentials`](Self::credentials) and as that is asked; so a
    /// certificate may be replaced while the manager runs.
    ///
    /// ```no_run
    /// # async fn connect() -> Result<(), lock_core::LockError> {
    /// use lock_core::LockManager;
    /// use lock_core::backend::redis::Tls;
    ///
    /// let locks = LockManager::builder()
    ///     .url("rediss-cluster://10.0.0.1:6379,10.0.0.2:6379")
    ///     .tls(Tls::new().ca_file("/etc/locks/ca.pem").client_cert_files("/etc/locks/tls.crt", "/etc/locks/tls.key"))
    ///     .connect()
    ///     .await?;
    /// # Ok(()) }
    /// ```
    #[cfg(feature = "tls")]
    pub fn tls(mut self, tls: Tls) -> Self {
        self.access.tls = TlsClient::of(tls, &self.access.adviser);
        self
    }

    /// As [`tls`](Self::tls), with what `ask` says at each new connection; it is asked as by [`credentials`](Self::credentials).
    #[cfg(feature = "tls")]
    pub fn tls_from<F>(mut self, ask: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<Tls, AnyError>> + Send + 'static,
    {
        let ask = move || {
            let asked = ask();
            async move { Ok(asked.await?.read()?) }
        };
        self.access.tls =
            TlsClient::asking(Supplier::new("the certificates for TLS", &self.access.adviser, ask));
        self
    }

    /// Where a server is reached whose address was told by others: the nodes of a cluster, and the master behind sentinels.
    /// `map` gets the host and the port that were told, and returns those to connect to; over TLS it is the host that the
    /// certificate has to be for. The addresses in URLs are taken as they are.
    ///
    /// For networks in which servers know each other by other addresses than this process does: containers, port forwarding,
    /// NAT. `map` is called wherever an address is heard, also on the manager's own thread: it may not block.
    ///
    /// ```no_run
    /// # async fn connect() -> Result<(), lock_core::LockError> {
    /// use lock_core::LockManager;
    ///
    /// // docker-compose publishes the port 6379 of redis-1 as 7001, of redis-2 as 7002, ..
    /// let locks = LockManager::builder()
    ///     .url("redis-cluster://localhost:7001,localhost:7002,localhost:7003")
    ///     .address_map(|host, port| match host {
    ///         "172.20.0.11" => ("localhost".to_owned(), 7001),
    ///         "172.20.0.12" => ("localhost".to_owned(), 7002),
    ///         "172.20.0.13" => ("localhost".to_owned(), 7003),
    ///         _ => (host.to_owned(), port),
    ///     })
    ///     .connect()
    ///     .await?;
    /// # Ok(()) }
    /// ```
    pub fn address_map(mut self, map: impl Fn(&str, u16) -> (String, u16) + Send + Sync + 'static) -> Self {
        self.access.addresses = AddressMap::new(map);
        self
    }
}
