//! The trait of values that can be part of a lock's key.

use super::error::KeyError;
use super::writer::KeyWriter;

/// A value that can be part of a lock's key: it identifies what is locked.
///
/// Implemented for the integers (also `NonZero`), `bool`, `char`, text, [`Uuid`](uuid::Uuid), IP addresses, and for
/// references, smart pointers, `Option` and tuples of these. Tuples flatten: each leaf is one segment of the name.
///
/// Not for collections: their length varies, so `[1, 23]` and `[12, 3]` would need a rule to stay apart, and what is
/// meant is nearly always several locks. Not for floats, durations and times: their text depends on rounding and
/// formatting, and two processes that disagree about it would take two locks. Write the text or integer that
/// identifies the value, `(x * 100.0).round() as i64`.
///
/// A key's identity is its text: `42_u8`, `42_u64` and `"42"` are one key, on purpose, so that services that keep an
/// identifier in different types exclude each other.
///
/// # Implementing it
///
/// `#[derive(LockKeyPart)]` writes all fields, in order: for new types, structs and enums.
///
/// By hand, write the parts that identify the value, and for every value of the type the same number of them (or let the
/// first say how many follow); a missing one is [`KeyWriter::none`]. Then two values that differ never share a lock.
///
/// ```
/// use lock_core::{KeyError, KeyWriter, LockKey, LockKeyPart};
///
/// struct OrderId(u64);
///
/// impl LockKeyPart for OrderId {
///     fn write_part(&self, out: &mut KeyWriter<'_>) -> Result<(), KeyError> {
///         out.display(self.0)
///     }
/// }
///
/// assert_eq!(LockKey::of(("north", OrderId(42))), LockKey::of(("north", 42)));
/// ```
///
/// A collection is no key part:
///
/// ```compile_fail,E0277
/// lock_core::LockKey::of(vec![1, 2]);
/// ```
///
/// Nor is a float:
///
/// ```compile_fail,E0277
/// lock_core::LockKey::of(1.5);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be used as a lock key",
    label = "this is not a lock key part",
    note = "write what identifies it, as in `order.id`, or `#[derive(LockKeyPart)]` on its type; of an `Option`, a tuple or a \
            pointer on the type inside",
    note = "of a float or a time write the integer or text, as in `at.as_secs()`; of a collection one element, or `keys = ..` for a \
            lock of each"
)]
pub trait LockKeyPart {
    /// Writes what identifies the value, each segment by one call.
    ///
    /// # Errors
    ///
    /// What `out` returns, passed on with `?`, or a [`KeyError::custom`] of your own; the lock is then not taken.
    fn write_part(&self, out: &mut KeyWriter<'_>) -> Result<(), KeyError>;
}
