//! From key expressions to a key.

use crate::key::{KeyError, KeyWriter, LockKey, LockKeyPart};

/// Points the compiler's complaint at the part.
pub fn part<'a, T: LockKeyPart + ?Sized>(value: &'a &'a T) -> &'a dyn LockKeyPart {
    value
}

/// One segment of a template with constant text around its placeholder: `user-{id}`.
pub struct Glued<'a> {
    /// In front of the placeholder.
    pub before: &'static str,
    /// The placeholder, which must give exactly one segment.
    pub part: &'a dyn LockKeyPart,
    /// Behind it.
    pub after: &'static str,
}

impl LockKeyPart for Glued<'_> {
    fn write_part(&self, out: &mut KeyWriter<'_>) -> Result<(), KeyError> {
        out.affixed(self.before, self.part, self.after)
    }
}

/// The key of those parts.
///
/// # Errors
/// What the parts say.
pub fn key(parts: &[&dyn LockKeyPart]) -> Result<LockKey, KeyError> {
    let key = LockKey::from_fn(|out| parts.iter().try_for_each(|part| part.write_part(out)));
    key.error().cloned().map_or(Ok(key), Err)
}
