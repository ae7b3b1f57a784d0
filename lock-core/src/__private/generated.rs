//! What a function's own generator makes.

use super::settings::Settings;
use crate::key::{Arg, JoinPoint, KeyError, LockKey};

/// The keys that `key_generator = ..` made.
#[derive(Debug)]
pub struct Generated(pub(super) Vec<LockKey>);

/// Asks the generator, if there is a call to ask it about: a `key` that could not be made is not wrapped.
///
/// # Errors
/// That of the key, else the generator's.
pub fn generate(
    settings: &Settings<'_>,
    key: Result<LockKey, KeyError>,
    args: &[Arg<'_>],
    ask: impl FnOnce(&JoinPoint<'_>) -> Result<Vec<LockKey>, KeyError>,
) -> Result<Generated, KeyError> {
    ask(&settings.call(&key?, false, args)).map(Generated)
}

/// Says what a closure in `key_generator` is, so that its parameter needs no type.
pub fn generator<F: Fn(&JoinPoint<'_>) -> Result<LockKey, KeyError>>(closure: F) -> F {
    closure
}
