//! From settings and keys to a request.

use super::generated::Generated;
use super::settings::Settings;
use crate::error::LockError;
use crate::key::{Arg, KeyError, LockKey};
use crate::manager::{LockManager, LockRequest};
use crate::params::OnLost;

/// An acquisition that needs nothing of the caller's any more.
#[derive(Debug)]
pub struct Prepared(pub(super) Result<(LockRequest, OnLost), LockError>);

/// Puts an acquisition together; errors wait in it.
#[must_use]
pub fn prepare(
    locks: Option<LockManager>,
    settings: Settings<'_>,
    key: Result<LockKey, KeyError>,
    args: &[Arg<'_>],
) -> Prepared {
    Prepared(
        key.map_err(|error| of_key(&settings, error)).and_then(|key| one(locks, &settings, key, false, args)),
    )
}

/// Puts an acquisition of several names together; errors wait in it.
#[must_use]
pub fn prepare_all(
    locks: Option<LockManager>,
    settings: Settings<'_>,
    keys: Result<Vec<LockKey>, KeyError>,
    args: &[Arg<'_>],
) -> Prepared {
    let keys = keys.map_err(|error| of_key(&settings, error));
    Prepared(keys.and_then(|keys| several(locks, &settings, keys, false, args)))
}

/// Puts an acquisition together of what the function's own generator has made: one key is one lock, whose kind may be any.
#[must_use]
pub fn prepare_generated(
    locks: Option<LockManager>,
    settings: Settings<'_>,
    keys: Result<Generated, KeyError>,
    args: &[Arg<'_>],
) -> Prepared {
    let keys = keys.map_err(|error| of_key(&settings, error));
    Prepared(keys.and_then(|Generated(mut keys)| match keys.pop() {
        Some(key) if keys.is_empty() => one(locks, &settings, key, true, args),
        last => {
            keys.extend(last);
            several(locks, &settings, keys, true, args)
        }
    }))
}

fn one(
    locks: Option<LockManager>,
    settings: &Settings<'_>,
    key: LockKey,
    is_generated: bool,
    args: &[Arg<'_>],
) -> Result<(LockRequest, OnLost), LockError> {
    let manager = settings.manager(locks, Some(&key))?;
    let key = wrapped(&manager, settings, key, is_generated, args)?;
    let name = manager.name(settings.prefix, settings.name, &key, settings.delimiter())?;
    settings.apply(LockRequest::new(manager, Ok(name)))
}

fn several(
    locks: Option<LockManager>,
    settings: &Settings<'_>,
    keys: Vec<LockKey>,
    is_generated: bool,
    args: &[Arg<'_>],
) -> Result<(LockRequest, OnLost), LockError> {
    let manager = settings.manager(locks, keys.first())?;
    let keys = keys.into_iter().map(|key| wrapped(&manager, settings, key, is_generated, args));
    let keys = keys.collect::<Result<Vec<_>, _>>()?;
    let names = manager.names(settings.prefix, settings.name, keys, settings.delimiter())?;
    settings.apply(LockRequest::of_all(manager, Ok(names)))
}

/// The key as the manager's generator, if there is one, wants it.
fn wrapped(
    manager: &LockManager,
    settings: &Settings<'_>,
    key: LockKey,
    is_generated: bool,
    args: &[Arg<'_>],
) -> Result<LockKey, LockError> {
    match manager.generated(&settings.call(&key, is_generated, args)) {
        Some(wrapped) => wrapped.map_err(|error| of_key(settings, error)),
        None => Ok(key),
    }
}

fn of_key(settings: &Settings<'_>, error: KeyError) -> LockError {
    LockError::Key { key: settings.fixed(), error }
}
