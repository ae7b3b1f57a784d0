//! From the fields of a derived type to parts.

use crate::key::{KeyError, KeyWriter, LockKeyPart};

/// Points the compiler's complaint at the field.
///
/// # Errors
/// What the field says.
pub fn field<T: LockKeyPart + ?Sized>(value: &T, out: &mut KeyWriter<'_>) -> Result<(), KeyError> {
    out.part(value)
}

/// Which variant it is; its fields follow.
///
/// # Errors
/// As [`KeyWriter::text`].
pub fn variant(text: &str, out: &mut KeyWriter<'_>) -> Result<(), KeyError> {
    out.text(text)
}
