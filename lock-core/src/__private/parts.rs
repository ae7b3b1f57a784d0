//! From key expressions to a key.
//!
//! Generated code calls the trait itself, `LockKeyPart::write_part(&value, out)`, and no function of ours with a bound: of such a
//! function the compiler would show the declaration to those whose value is no key part.

use crate::key::{KeyError, KeyWriter, LockKey, LockKeyPart};

/// The key that `write` writes.
///
/// # Errors
/// What the parts say.
pub fn key(write: impl FnOnce(&mut KeyWriter<'_>) -> Result<(), KeyError>) -> Result<LockKey, KeyError> {
    let key = LockKey::from_fn(write);
    key.error().cloned().map_or(Ok(key), Err)
}

/// Fixed text: between two placeholders of a template, or the variant of a derived enum.
///
/// # Errors
/// As [`KeyWriter::text`].
pub fn text(text: &str, out: &mut KeyWriter<'_>) -> Result<(), KeyError> {
    out.text(text)
}

/// One segment of a template with fixed text around its placeholder: `user-{id}`. What `write` writes must be exactly one.
///
/// # Errors
/// As [`KeyWriter::affixed`].
pub fn affixed(
    before: &str,
    after: &str,
    out: &mut KeyWriter<'_>,
    write: impl Fn(&mut KeyWriter<'_>) -> Result<(), KeyError>,
) -> Result<(), KeyError> {
    out.affixed(before, &Placeholder(write), after)
}

struct Placeholder<F>(F);

impl<F: Fn(&mut KeyWriter<'_>) -> Result<(), KeyError>> LockKeyPart for Placeholder<F> {
    fn write_part(&self, out: &mut KeyWriter<'_>) -> Result<(), KeyError> {
        (self.0)(out)
    }
}
