//! Certificates and keys, as the user names them.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

/// Which authorities a server's certificate may come from, and which certificate it is shown in return, for every URL of a
/// manager that is for TLS; see [`ManagerBuilder::tls`](crate::ManagerBuilder::tls). Feature `tls`.
///
/// All of it is PEM. Files are read at each new connection, so that they may be replaced while the manager runs. `Debug` shows
/// the names of files, and no key.
///
/// ```
/// use lock_core::backend::redis::Tls;
///
/// let tls = Tls::new()
///     .ca_file("/etc/locks/ca.pem")
///     .client_cert_files("/etc/locks/client.pem", "/etc/locks/client.key");
/// assert!(format!("{tls:?}").contains("client.pem"));
/// ```
#[derive(Clone, Default)]
#[must_use]
pub struct Tls {
    authorities: Option<From>,
    identity: Option<(From, From)>,
}

#[derive(Clone)]
enum From {
    Bytes(Arc<[u8]>),
    File(PathBuf),
}

/// What was read, and where it is from, for people.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Pem {
    pub(super) bytes: Arc<[u8]>,
    pub(super) what: Arc<str>,
}

/// A certificate of our own.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Identity {
    pub(super) certificate: Pem,
    pub(super) key: Pem,
}

/// What [`Tls`] names, read.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Material {
    /// `None`: those that the system trusts.
    pub(super) authorities: Option<Pem>,
    pub(super) identity: Option<Identity>,
}

impl Tls {
    /// The authorities that the system trusts, and no certificate of our own.
    pub fn new() -> Self {
        Self::default()
    }

    /// Trusts these authorities, one certificate or several, and no others.
    pub fn ca(mut self, pem: impl AsRef<[u8]>) -> Self {
        self.authorities = Some(From::Bytes(pem.as_ref().into()));
        self
    }

    /// Trusts the authorities in this file, one or several, and no others.
    pub fn ca_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.authorities = Some(From::File(path.into()));
        self
    }

    /// Shows the server this certificate, with what else leads to its authority behind it, and has this key.
    pub fn client_cert(mut self, certificate_pem: impl AsRef<[u8]>, key_pem: impl AsRef<[u8]>) -> Self {
        let (certificate, key) = (certificate_pem.as_ref().into(), key_pem.as_ref().into());
        self.identity = Some((From::Bytes(certificate), From::Bytes(key)));
        self
    }

    /// Shows the server the certificate in this file, with what else leads to its authority behind it, and has the key in that
    /// one.
    pub fn client_cert_files(mut self, certificate: impl Into<PathBuf>, key: impl Into<PathBuf>) -> Self {
        self.identity = Some((From::File(certificate.into()), From::File(key.into())));
        self
    }

    /// All of it, if no file has to be read.
    pub(super) fn without_files(&self) -> Option<Material> {
        let parts = [self.authorities.as_ref(), self.identity.as_ref().map(|(certificate, _)| certificate)];
        let keys = self.identity.as_ref().map(|(_, key)| key);
        let is_file = |from: &From| matches!(from, From::File(_));
        if parts.into_iter().chain([keys]).flatten().any(is_file) {
            return None;
        }
        self.read().ok()
    }

    /// Reads what is in files.
    pub(crate) fn read(&self) -> io::Result<Material> {
        let authorities = self.authorities.as_ref().map(|from| from.read("the CA")).transpose()?;
        let identity = match &self.identity {
            None => None,
            Some((certificate, key)) => Some(Identity {
                certificate: certificate.read("the client certificate")?,
                key: key.read("the client key")?,
            }),
        };
        Ok(Material { authorities, identity })
    }
}

impl From {
    fn read(&self, what: &str) -> io::Result<Pem> {
        match self {
            Self::Bytes(bytes) => Ok(Pem { bytes: Arc::clone(bytes), what: what.into() }),
            Self::File(path) => {
                let what = format!("{what} ({})", path.display());
                let bytes = std::fs::read(path)
                    .map_err(|error| io::Error::other(format!("{what} can't be read: {error}")))?;
                Ok(Pem { bytes: bytes.into(), what: what.into() })
            }
        }
    }
}

impl fmt::Debug for From {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bytes(_) => f.write_str(".."),
            Self::File(path) => path.fmt(f),
        }
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").field("ca", &self.authorities).field("client_cert", &self.identity).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_files_and_no_key() {
        let tls = Tls::new().ca_file("/ca.pem").client_cert("CERTIFICATE", "KEY");
        let text = format!("{tls:?}");
        assert!(text.contains("/ca.pem") && !text.contains("CERTIFICATE") && !text.contains("KEY"), "{text}");
    }

    #[test]
    fn a_file_that_is_not_there_is_named() {
        let error =
            Tls::new().client_cert_files("/nowhere/cert.pem", "/nowhere/key.pem").read().err().unwrap();
        assert!(error.to_string().contains("the client certificate (/nowhere/cert.pem)"), "{error}");
    }
}
