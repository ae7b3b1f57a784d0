//! The only names that generated code mentions. Not for use by hand: it may change in any release.

mod as_manager;
mod fields;
mod inventory;
mod parts;
mod several;

// Whatever names the user's module shadows, generated code means these.
pub use core::future::Future;
pub use core::option::Option::{self, None, Some};
pub use core::pin::Pin;
pub use core::primitive::str;
pub use core::result::Result::{self, Err, Ok};
pub use core::time::Duration;
pub use core::{file, line, module_path};
pub use std::boxed::Box;

use crate::backend::Via;
use crate::engine::block_on;
use crate::error::LockError;
pub use crate::key::{KeyError, KeyWriter, LockKeyPart};
use crate::key::{LockKey, join};
use crate::manager::{LockManager, LockRequest};
use crate::params::{DEFAULT_DELIMITER, DEFAULT_KEY_PREFIX};
pub use crate::params::{LockKind, OnLost};
pub use crate::run::{Held, Hold, LockOutcome, Outcome};
pub use as_manager::{AsManager, manager};
pub use fields::{field, variant};
pub use inventory::annotated;
#[cfg(feature = "inventory")]
pub use inventory::{Registered, given, registered, submit};
pub use parts::{Glued, key, part};
pub use several::{KeyCollection, KeyIterator, borrowed_keys, iterated_keys, listed_keys};

/// Where an annotated function stands.
#[derive(Debug)]
pub struct Site {
    /// `module_path!()` there.
    pub module_path: &'static str,
    /// Its name.
    pub function: &'static str,
}

/// The attribute's arguments, but for the key.
#[derive(Debug)]
pub struct Settings<'a> {
    /// Where it stands.
    pub site: &'static Site,
    /// `prefix = ..`
    pub prefix: Option<&'a str>,
    /// `name = ..`
    pub name: Option<&'a str>,
    /// `delimiter = ..`
    pub delimiter: Option<&'static str>,
    /// `kind = ..`
    pub kind: LockKind,
    /// `wait = ..`
    pub wait: Option<Duration>,
    /// `expire = ..`
    pub expire: Option<Duration>,
    /// `renew = ..`
    pub renew: bool,
    /// `on_lost = ..`
    pub on_lost: OnLost,
}

/// The scope's manager, else the installed one.
#[must_use]
pub fn current() -> Option<LockManager> {
    LockManager::current()
}

/// An acquisition that needs nothing of the caller's any more.
#[derive(Debug)]
pub struct Prepared(Result<(LockRequest, OnLost), LockError>);

/// Puts an acquisition together; errors wait in it.
#[must_use]
pub fn prepare(
    locks: Option<LockManager>,
    settings: Settings<'_>,
    key: Result<LockKey, KeyError>,
) -> Prepared {
    Prepared((|| {
        let key = key.map_err(|error| LockError::Key { key: settings.fixed(), error })?;
        let manager = settings.manager(locks, &key)?;
        let name = manager.name(settings.prefix, settings.name, &key, settings.delimiter());
        settings.apply(LockRequest::new(manager, Ok(name?)))
    })())
}

/// Puts an acquisition of several names together; errors wait in it.
#[must_use]
pub fn prepare_all(
    locks: Option<LockManager>,
    settings: Settings<'_>,
    keys: Result<Vec<LockKey>, KeyError>,
) -> Prepared {
    Prepared((|| {
        let keys = keys.map_err(|error| LockError::Key { key: settings.fixed(), error })?;
        let manager = settings.manager(locks, keys.first().unwrap_or(&LockKey::empty()))?;
        let names = manager.names(settings.prefix, settings.name, keys, settings.delimiter());
        settings.apply(LockRequest::of_all(manager, Ok(names?)))
    })())
}

impl Settings<'_> {
    /// What is known of the name without its key.
    fn fixed(&self) -> String {
        [self.prefix, self.name].into_iter().flatten().collect::<Vec<_>>().join(":")
    }

    fn delimiter(&self) -> &'static str {
        self.delimiter.unwrap_or(DEFAULT_DELIMITER)
    }

    fn manager(&self, locks: Option<LockManager>, key: &LockKey) -> Result<LockManager, LockError> {
        locks.ok_or_else(|| {
            let name = join(DEFAULT_KEY_PREFIX, self.prefix, self.name, key, self.delimiter());
            LockError::NoManager { key: name.map_or_else(|_| self.fixed(), |name| name.to_string()) }
        })
    }

    fn apply(&self, request: LockRequest) -> Result<(LockRequest, OnLost), LockError> {
        let request = request.kind(self.kind).renew(self.renew).function(self.site.function);
        let request = self.wait.into_iter().fold(request, LockRequest::wait);
        let request = self.expire.into_iter().fold(request, LockRequest::expire);
        request.check()?;
        Ok((request, self.on_lost))
    }
}

/// Takes the lock.
///
/// # Errors
/// As [`LockRequest::acquire`].
pub async fn acquire(prepared: Prepared) -> Result<Hold, LockError> {
    let (request, on_lost) = prepared.0?;
    Ok(Hold::new(request.enter(Via::Caller).await?, on_lost))
}

/// Takes the lock for a plain function.
///
/// # Errors
/// As [`LockRequest::acquire`].
pub fn acquire_blocking(prepared: Prepared) -> Result<Hold, LockError> {
    let (request, on_lost) = prepared.0?;
    Ok(Hold::new(block_on(request.enter(Via::Engine))?, on_lost))
}

/// How the return type `R` carries a lock error.
#[must_use]
pub fn outcome<R: LockOutcome>() -> Outcome<R> {
    Outcome::of()
}
