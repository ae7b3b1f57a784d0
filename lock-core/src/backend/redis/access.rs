//! How servers are reached and logged in to, for all URLs of a manager.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use ::redis::{ConnectionAddr, ConnectionInfo};

use super::addresses::AddressMap;
use super::credentials::Credentials;
use super::supplier::{Adviser, Supplier, Wait};
#[cfg(feature = "tls")]
use super::tls::TlsClient;
use crate::error::LockError;

/// What a manager's builder was told about its servers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Access {
    pub(crate) adviser: Arc<Adviser>,
    pub(crate) credentials: Option<Supplier<Credentials>>,
    pub(crate) sentinel_credentials: Option<Supplier<Credentials>>,
    #[cfg(feature = "tls")]
    pub(crate) tls: TlsClient,
    pub(crate) addresses: AddressMap,
    used: Arc<Used>,
}

/// What of it there is a use for.
#[derive(Debug, Default)]
struct Used {
    servers: AtomicBool,
    credentials: AtomicBool,
    sentinel_credentials: AtomicBool,
    tls: AtomicBool,
}

/// What one connection is opened with.
#[derive(Clone, Debug)]
pub(super) struct Known {
    pub(super) credentials: Option<Credentials>,
    #[cfg(feature = "tls")]
    pub(super) tls: Option<Arc<rustls::ClientConfig>>,
    /// Nothing of it was known before it was asked for.
    pub(super) is_fresh: bool,
}

/// Who a [`RedisConfig`](super::RedisConfig) logs in as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Login {
    Server,
    Sentinel,
}

impl Access {
    /// Takes note of a server; who is asked for the login there. Nobody, where the URL has a password.
    pub(super) fn at(&self, info: &ConnectionInfo, login: Login) -> Option<Supplier<Credentials>> {
        let (asked, used) = match login {
            Login::Server => (&self.credentials, &self.used.credentials),
            Login::Sentinel => (&self.sentinel_credentials, &self.used.sentinel_credentials),
        };
        self.used.servers.store(true, Ordering::Relaxed);
        if matches!(info.addr(), ConnectionAddr::TcpTls { .. }) {
            self.used.tls.store(true, Ordering::Relaxed);
        }
        if info.redis_settings().password().is_some() {
            return None;
        }
        used.store(true, Ordering::Relaxed);
        asked.clone()
    }

    /// Whether anything was given, for servers.
    pub(crate) fn is_given(&self) -> bool {
        #[cfg(feature = "tls")]
        let tls = self.tls.is_given();
        #[cfg(not(feature = "tls"))]
        let tls = false;
        tls || self.credentials.is_some() || self.sentinel_credentials.is_some() || self.addresses.is_given()
    }

    /// Whether all that was given is of use, once all servers were taken note of.
    ///
    /// # Errors
    /// [`LockError::Config`] says what is not, and what to write.
    pub(crate) fn check(&self) -> Result<(), LockError> {
        let is = |flag: &AtomicBool| flag.load(Ordering::Relaxed);
        let wrong = |message: &str| Err(LockError::Config { message: message.to_owned() });
        if !is(&self.used.servers) {
            return Ok(());
        }
        if self.credentials.is_some() && !is(&self.used.credentials) {
            return wrong(
                "`credentials` would never be asked: every URL has a password of its own; leave one of them out",
            );
        }
        if self.sentinel_credentials.is_some() && !is(&self.used.sentinel_credentials) {
            return wrong(
                "`sentinel_credentials` would never be asked: no URL is redis-sentinel://.., or it has a `sentinel_pass` of its \
                 own; leave one of them out",
            );
        }
        #[cfg(feature = "tls")]
        if self.tls.is_given() {
            if !is(&self.used.tls) {
                return wrong(
                    "`tls` would not be used: no URL is for TLS; write rediss://, rediss-sentinel:// or rediss-cluster://",
                );
            }
            self.tls.check().map_err(|error| LockError::Config { message: error.to_string() })?;
        }
        Ok(())
    }

    /// Asks what one connection is opened with; `over_tls`, where that is our own doing.
    pub(super) async fn known(
        &self,
        login: Option<&Supplier<Credentials>>,
        over_tls: bool,
        anew: bool,
        wait: Wait,
    ) -> io::Result<Known> {
        let mut is_fresh = true;
        let credentials = match login {
            Some(login) => {
                let (credentials, fresh) = login.get(anew, wait).await?;
                is_fresh &= fresh;
                Some(credentials)
            }
            None => None,
        };
        #[cfg(feature = "tls")]
        let tls = match over_tls {
            true => {
                let (config, fresh) = self.tls.config(anew, wait).await?;
                is_fresh &= fresh;
                Some(config)
            }
            false => None,
        };
        #[cfg(not(feature = "tls"))]
        let _ = over_tls;
        Ok(Known {
            credentials,
            #[cfg(feature = "tls")]
            tls,
            is_fresh,
        })
    }
}
