//! The arguments of a call, as far as they can be read.

use crate::key::{Arg, LockKeyPart};

/// An argument whose type is asked whether it is a key part. The two traits below have a method of one name: the first takes
/// one reference less, so it is chosen wherever it applies. No `Any`, which would ask for `'static`.
pub struct Argument<'a, T: ?Sized>(pub &'a T);

/// Key parts.
pub trait IsPart<'a> {
    /// The argument, readable.
    fn __lock_arg(&self, name: &'static str) -> Arg<'a>;
}

/// Everything else.
pub trait NotPart {
    /// The argument's name alone.
    fn __lock_arg(&self, name: &'static str) -> Arg<'static>;
}

impl<'a, T: LockKeyPart> IsPart<'a> for Argument<'a, T> {
    fn __lock_arg(&self, name: &'static str) -> Arg<'a> {
        Arg::readable(name, self.0)
    }
}

impl<T: ?Sized> NotPart for &Argument<'_, T> {
    fn __lock_arg(&self, name: &'static str) -> Arg<'static> {
        Arg::opaque(name)
    }
}
