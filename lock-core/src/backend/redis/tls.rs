//! TLS of our own connections. Nothing here touches what belongs to the whole process.

use std::fmt;
use std::io;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::supplier::{Adviser, Supplier, Wait};
use super::tls_material::{Identity, Material, Pem, Tls};

/// How long the system's certificates are taken for what they were: reading them takes milliseconds.
const ROOTS_STAY: Duration = Duration::from_secs(60);

/// How the servers of one manager are spoken to over TLS. Clones share what was read.
#[derive(Clone, Default)]
pub(crate) struct TlsClient {
    source: Source,
    last: Arc<Mutex<Option<Made>>>,
}

/// Where certificates come from.
#[derive(Clone, Default)]
enum Source {
    /// The authorities that the system trusts.
    #[default]
    System,
    Fixed(Material),
    /// Files, which may be other ones tomorrow, or the user's code.
    Asked(Supplier<Material>),
}

/// A configuration and what it was made of.
struct Made {
    at: Instant,
    provider: Arc<CryptoProvider>,
    material: Material,
    config: Arc<ClientConfig>,
}

impl TlsClient {
    pub(crate) fn of(tls: Tls, adviser: &Arc<Adviser>) -> Self {
        let source = match tls.without_files() {
            Some(material) => Source::Fixed(material),
            None => Source::Asked(Supplier::new("the certificates for TLS", adviser, move || {
                let tls = tls.clone();
                async move { Ok(tls.read()?) }
            })),
        };
        Self { source, last: Arc::default() }
    }

    pub(crate) fn asking(material: Supplier<Material>) -> Self {
        Self { source: Source::Asked(material), last: Arc::default() }
    }

    pub(super) fn is_given(&self) -> bool {
        !matches!(self.source, Source::System)
    }

    /// Whether certificates that were handed over as they are can be used.
    pub(super) fn check(&self) -> io::Result<()> {
        match &self.source {
            Source::Fixed(material) => configured(provider(), material).map(drop),
            _ => Ok(()),
        }
    }

    /// What to open a connection with, and whether it was asked for after this call. `anew`: an earlier one was of no use.
    pub(super) async fn config(&self, anew: bool, wait: Wait) -> io::Result<(Arc<ClientConfig>, bool)> {
        let (material, is_fresh) = match &self.source {
            Source::System => (Material::default(), true),
            Source::Fixed(material) => (material.clone(), true),
            Source::Asked(supplier) => supplier.get(anew, wait).await?,
        };
        let provider = provider();
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(made) = &*last
            && Arc::ptr_eq(&made.provider, &provider)
            && made.material == material
            && (material.authorities.is_some() || made.at.elapsed() < ROOTS_STAY)
        {
            return Ok((Arc::clone(&made.config), is_fresh));
        }
        // A new one also forgets the sessions that were agreed on with the old certificates.
        let config = Arc::new(configured(Arc::clone(&provider), &material)?);
        *last = Some(Made { at: Instant::now(), provider, material, config: Arc::clone(&config) });
        Ok((config, is_fresh))
    }
}

impl fmt::Debug for TlsClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TlsClient(..)")
    }
}

/// Encrypts `stream`, which leads to `host`; the server has to prove that it is called so.
pub(super) async fn shake_hands(
    stream: TcpStream,
    host: &str,
    config: Option<Arc<ClientConfig>>,
) -> io::Result<TlsStream<TcpStream>> {
    let name = ServerName::try_from(host.to_owned())
        .map_err(|_| io::Error::other(format!("`{host}` is no name that a certificate could be for")))?;
    let config = config.ok_or_else(|| io::Error::other("no certificates were read for TLS"))?;
    TlsConnector::from(config).connect(name, stream).await
}

/// The cryptography of the application, if it has installed one for its process (a FIPS module, for example), else ring.
/// Nothing is installed: an application that does so later would panic at its own line.
fn provider() -> Arc<CryptoProvider> {
    static RING: LazyLock<Arc<CryptoProvider>> =
        LazyLock::new(|| Arc::new(rustls::crypto::ring::default_provider()));
    Arc::clone(CryptoProvider::get_default().unwrap_or(&RING))
}

fn configured(provider: Arc<CryptoProvider>, material: &Material) -> io::Result<ClientConfig> {
    let config =
        ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().map_err(
            |error| io::Error::other(format!("the process's crypto provider does not suffice: {error}")),
        )?;
    let config = config.with_root_certificates(match &material.authorities {
        Some(pem) => roots_of(pem)?,
        None => roots_of_the_system()?,
    });
    let Some(Identity { certificate, key }) = &material.identity else {
        return Ok(config.with_no_client_auth());
    };
    let chain = certificates(certificate)?;
    let parsed = PrivateKeyDer::from_pem_slice(&key.bytes)
        .map_err(|error| io::Error::other(format!("{} is no private key in PEM: {error}", key.what)))?;
    config.with_client_auth_cert(chain, parsed).map_err(|error| {
        io::Error::other(format!("{} and {} can't be used together: {error}", certificate.what, key.what))
    })
}

fn certificates(pem: &Pem) -> io::Result<Vec<CertificateDer<'static>>> {
    let found = CertificateDer::pem_slice_iter(&pem.bytes).collect::<Result<Vec<_>, _>>();
    match found {
        Ok(found) if !found.is_empty() => Ok(found),
        Ok(_) => Err(io::Error::other(format!("{} holds no certificate in PEM", pem.what))),
        Err(error) => Err(io::Error::other(format!("{} can't be read as PEM: {error}", pem.what))),
    }
}

fn roots_of(pem: &Pem) -> io::Result<RootCertStore> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(pem)? {
        roots.add(certificate).map_err(|error| {
            io::Error::other(format!("{} holds what is no authority's certificate: {error}", pem.what))
        })?;
    }
    Ok(roots)
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
