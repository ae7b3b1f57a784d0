//! TLS of our own connections. Nothing here touches what belongs to the whole process.

use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustls::crypto::CryptoProvider;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::socket::Socket;

/// How long the system's certificates are taken for what they were: reading them takes milliseconds.
const ROOTS_STAY: Duration = Duration::from_secs(60);

/// How the servers of one [`RedisConfig`](super::RedisConfig) are spoken to over TLS. Clones share what was read.
#[derive(Clone, Default)]
pub(super) struct TlsClient {
    last: Arc<Mutex<Option<Made>>>,
}

/// A configuration and what it was made of.
struct Made {
    at: Instant,
    provider: Arc<CryptoProvider>,
    config: Arc<ClientConfig>,
}

impl TlsClient {
    /// Encrypts `stream`, which leads to `host`; the server has to prove that it is called so.
    pub(super) async fn shake_hands(&self, stream: Socket, host: &str) -> io::Result<TlsStream<Socket>> {
        let name = ServerName::try_from(host.to_owned())
            .map_err(|_| io::Error::other(format!("`{host}` is no name that a certificate could be for")))?;
        TlsConnector::from(self.config()?).connect(name, stream).await
    }

    fn config(&self) -> io::Result<Arc<ClientConfig>> {
        let provider = provider();
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(made) = &*last
            && Arc::ptr_eq(&made.provider, &provider)
            && made.at.elapsed() < ROOTS_STAY
        {
            return Ok(Arc::clone(&made.config));
        }
        let config = Arc::new(configured(Arc::clone(&provider))?);
        *last = Some(Made { at: Instant::now(), provider, config: Arc::clone(&config) });
        Ok(config)
    }
}

impl fmt::Debug for TlsClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TlsClient(..)")
    }
}

/// The cryptography of the application, if it has installed one for its process (a FIPS module, for example), else ring.
/// Nothing is installed: an application that does so later would panic at its own line.
fn provider() -> Arc<CryptoProvider> {
    static RING: std::sync::LazyLock<Arc<CryptoProvider>> =
        std::sync::LazyLock::new(|| Arc::new(rustls::crypto::ring::default_provider()));
    Arc::clone(CryptoProvider::get_default().unwrap_or(&RING))
}

fn configured(provider: Arc<CryptoProvider>) -> io::Result<ClientConfig> {
    let config =
        ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().map_err(
            |error| io::Error::other(format!("the application's crypto provider does not suffice: {error}")),
        )?;
    Ok(config.with_root_certificates(roots_of_the_system()?).with_no_client_auth())
}

fn roots_of_the_system() -> io::Result<RootCertStore> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    // A bundle that the system has may hold certificates that nobody can use.
    roots.add_parsable_certificates(found.certs);
    if roots.is_empty() {
        let errors: Vec<String> = found.errors.iter().map(ToString::to_string).collect();
        let message = format!("the system has no certificates of authorities to trust {}", errors.join("; "));
        return Err(io::Error::other(message.trim_end().to_owned()));
    }
    Ok(roots)
}

/// For the client library, which makes the connections of a [`Client`](::redis::Client) with certificates or socket options that
/// it does not hand out. It takes the process's crypto provider, and panics if there is none.
pub(super) fn provide_for_library() {
    if CryptoProvider::get_default().is_none() {
        // Somebody may have been faster, which is as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
    }
}
