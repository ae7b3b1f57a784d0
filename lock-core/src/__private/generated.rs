//! What a function's own generator makes.

use std::ops::Deref;

use super::settings::Settings;
use crate::key::{Arg, JoinPoint, KeyError, LockKey, LockKeyGenerator};

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

/// A generator that stands in `key_generator = ..`, or something that points to one. The four traits below have a method of one
/// name. The first takes the most references, so the compiler looks at it first, and at the next one where it does not apply; the
/// last applies to everything, and has it say what is no generator.
pub struct Generator<'a, G: ?Sized>(pub &'a G);

type Keys = Result<Vec<LockKey>, KeyError>;

/// Generators themselves, functions and closures among them.
pub trait IsGenerator {
    /// The keys of this call.
    ///
    /// # Errors
    /// The generator's.
    fn __lock_keys(&self, call: &JoinPoint<'_>) -> Keys;
}

/// References, `Box`, `Arc`, `LazyLock`.
pub trait PointsToGenerator {
    /// The keys of this call.
    ///
    /// # Errors
    /// The generator's.
    fn __lock_keys(&self, call: &JoinPoint<'_>) -> Keys;
}

/// A reference to one of these.
pub trait PointsTwiceToGenerator {
    /// The keys of this call.
    ///
    /// # Errors
    /// The generator's.
    fn __lock_keys(&self, call: &JoinPoint<'_>) -> Keys;
}

/// Everything else: the bound is on the method alone, so that it is found and then refused.
pub trait NoGenerator<G: ?Sized> {
    /// Never called.
    ///
    /// # Errors
    /// None.
    fn __lock_keys(&self, call: &JoinPoint<'_>) -> Keys
    where
        G: LockKeyGenerator;
}

impl<G: LockKeyGenerator + ?Sized> IsGenerator for &&&Generator<'_, G> {
    fn __lock_keys(&self, call: &JoinPoint<'_>) -> Keys {
        self.0.lock_keys(call)
    }
}

impl<P: Deref<Target: LockKeyGenerator> + ?Sized> PointsToGenerator for &&Generator<'_, P> {
    fn __lock_keys(&self, call: &JoinPoint<'_>) -> Keys {
        (**self.0).lock_keys(call)
    }
}

impl<P: Deref<Target: Deref<Target: LockKeyGenerator>> + ?Sized> PointsTwiceToGenerator
    for &Generator<'_, P>
{
    fn __lock_keys(&self, call: &JoinPoint<'_>) -> Keys {
        (***self.0).lock_keys(call)
    }
}

impl<G: ?Sized> NoGenerator<G> for Generator<'_, G> {
    fn __lock_keys(&self, call: &JoinPoint<'_>) -> Keys
    where
        G: LockKeyGenerator,
    {
        self.0.lock_keys(call)
    }
}

/// Says what a closure in `key_generator` is, so that its parameter needs no type.
pub fn generator<F: Fn(&JoinPoint<'_>) -> Result<LockKey, KeyError>>(closure: F) -> F {
    closure
}
