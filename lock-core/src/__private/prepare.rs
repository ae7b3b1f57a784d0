//! From settings and keys to a request.

use super::generated::Generated;
use super::settings::Settings;
use crate::error::LockError;
use crate::key::{Arg, KeyError, LockKey, Spelled};
use crate::manager::{LockManager, LockRequest};
use crate::name::LockName;
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
    let name = |key: &LockKey| manager.name(settings.prefix, settings.name, key, settings.delimiter());
    let request = match wrapped(&manager, settings, &key, is_generated, args)? {
        None => LockRequest::new(manager.clone(), name(&key), settings.delimiter().into()),
        Some(generated) => {
            let spelled = spelled(name, &key, &generated)?;
            LockRequest::of_generated(manager.clone(), spelled, settings.delimiter().into())
        }
    };
    settings.apply(request)
}

fn several(
    locks: Option<LockManager>,
    settings: &Settings<'_>,
    keys: Vec<LockKey>,
    is_generated: bool,
    args: &[Arg<'_>],
) -> Result<(LockRequest, OnLost), LockError> {
    let manager = settings.manager(locks, keys.first())?;
    let (prefix, fixed, delimiter) = (settings.prefix, settings.name, settings.delimiter());
    let name = |key: &LockKey| manager.name(prefix, fixed, key, delimiter);
    let names = keys.iter().map(|key| match wrapped(&manager, settings, key, is_generated, args)? {
        None => name(key).map(Spelled::as_given),
        Some(generated) => spelled(name, key, &generated),
    });
    let names = names.collect::<Result<Vec<_>, _>>()?;
    manager.check_names(prefix, fixed, &names, delimiter)?;
    settings.apply(LockRequest::of_all(manager, Ok(names), delimiter.into()))
}

/// A generated name, and what it would have been without the manager's generator: of a key that names nothing alone, the
/// same.
fn spelled(
    name: impl Fn(&LockKey) -> Result<LockName, LockError>,
    key: &LockKey,
    generated: &LockKey,
) -> Result<Spelled, LockError> {
    let made = name(generated)?;
    Ok(Spelled { before: name(key).unwrap_or_else(|_| made.clone()), name: made })
}

/// The key as the manager's generator, if there is one, wants it.
fn wrapped(
    manager: &LockManager,
    settings: &Settings<'_>,
    key: &LockKey,
    is_generated: bool,
    args: &[Arg<'_>],
) -> Result<Option<LockKey>, LockError> {
    let generated = manager.generated(&settings.call(key, is_generated, args)).transpose();
    generated.map_err(|error| of_key(settings, error))
}

fn of_key(settings: &Settings<'_>, error: KeyError) -> LockError {
    LockError::Key { key: settings.fixed(), error }
}
