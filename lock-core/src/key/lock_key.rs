//! The key of a lock: its parts, before a manager makes a name of them.

use std::fmt;

use super::charset::check_literal;
use super::error::KeyError;
use super::part::LockKeyPart;
use super::parts::{Part, Parts};
use super::writer::KeyWriter;

/// What a name by hand is called in errors.
const BY_HAND: &str = "name given by hand";

/// The parts that name a lock within its prefix. A manager joins them with the delimiter and encodes them, so that
/// different parts never give the same name.
///
/// ```
/// use lock_core::LockKey;
///
/// let key = LockKey::of(("north", 42));
/// assert_ne!(key, LockKey::of("north:42"));
/// assert_eq!(format!("{key:?}"), r#"LockKey["north", "42"]"#);
/// ```
///
/// A key that could not be written (a part over 1 MiB, see [`KeyError`]) keeps its error, and acquiring it fails with
/// that error before anything is sent. [`try_of`](Self::try_of) returns it at once.
///
/// A key is a key part too, so a generator can put a tenant in front of whatever the call gave:
/// `LockKey::of((tenant, call_key))`.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct LockKey {
    pub(super) parts: Parts,
    pub(super) error: Option<KeyError>,
}

impl LockKey {
    /// No parts: the lock is named by its prefix and name alone.
    #[must_use]
    pub fn empty() -> Self {
        Self::default()
    }

    /// The key that `part` writes; a tuple gives several parts.
    ///
    /// Never fails: an error is kept, see [`error`](Self::error), and reported when a name is made of the key.
    #[must_use]
    pub fn of(part: impl LockKeyPart) -> Self {
        Self::from_fn(|out| part.write_part(out))
    }

    /// [`of`](Self::of), with the error returned at once.
    ///
    /// # Errors
    ///
    /// What `part` returns, or what [`KeyWriter`] says of it.
    ///
    /// ```
    /// use lock_core::{KeyError, LockKey};
    ///
    /// let huge = "x".repeat(2 << 20);
    /// assert!(matches!(LockKey::try_of(("a", huge)), Err(KeyError::PartTooLong { part: 2, .. })));
    /// ```
    pub fn try_of(part: impl LockKeyPart) -> Result<Self, KeyError> {
        let key = Self::of(part);
        match key.error {
            Some(error) => Err(error),
            None => Ok(key),
        }
    }

    /// The key that `write` writes, for parts that are not one tuple.
    ///
    /// Never fails: an error is kept, as by [`of`](Self::of).
    ///
    /// ```
    /// use lock_core::LockKey;
    ///
    /// let key = LockKey::from_fn(|out| {
    ///     out.affixed("user-", &7, "")?;
    ///     out.text("cart")
    /// });
    /// assert_eq!(key, LockKey::of(("user-7", "cart")));
    /// ```
    #[must_use]
    pub fn from_fn(write: impl FnOnce(&mut KeyWriter<'_>) -> Result<(), KeyError>) -> Self {
        let mut key = Self::default();
        let mut out = KeyWriter::new(&mut key);
        if let Err(error) = write(&mut out) {
            out.fail(error);
        }
        key
    }

    /// Segments that are taken as they are, delimiters included: `order:42`.
    pub(super) fn verbatim(text: &str) -> Self {
        Self::from_fn(|out| {
            check_literal(BY_HAND, text)?;
            out.verbatim(text)
        })
    }

    /// Why the key could not be written, if so.
    #[must_use]
    pub const fn error(&self) -> Option<&KeyError> {
        self.error.as_ref()
    }

    /// The text of the only part.
    pub(super) fn only_text(&self) -> Option<&str> {
        let mut parts = self.parts.iter();
        match (parts.next(), parts.next(), &self.error) {
            (Some(Part::Text(text) | Part::Verbatim(text)), None, None) => Some(text),
            _ => None,
        }
    }

    /// Whether nothing was written: no part, not even a `None`.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.error.is_none() && self.parts.len() == 0
    }
}

/// Writes all parts of the key. The number of parts then depends on the key, so use it where they end the name, or where
/// their number is fixed.
#[diagnostic::do_not_recommend]
impl LockKeyPart for LockKey {
    fn write_part(&self, out: &mut KeyWriter<'_>) -> Result<(), KeyError> {
        if let Some(error) = &self.error {
            return Err(error.clone());
        }
        self.parts.iter().try_for_each(|part| match part {
            Part::Text(text) => out.text(text),
            Part::Verbatim(text) => out.verbatim(text),
            Part::None => out.none(),
        })
    }
}

/// The parts, escaped and each cut to 64 characters.
impl fmt::Debug for LockKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(error) = &self.error {
            return f.debug_tuple("LockKey").field(error).finish();
        }
        f.write_str("LockKey")?;
        f.debug_list().entries(self.parts.iter().map(Shown)).finish()
    }
}

struct Shown<'a>(Part<'a>);

impl fmt::Debug for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kind, text) = match self.0 {
            Part::None => return f.write_str("None"),
            Part::Text(text) => ("", text),
            Part::Verbatim(text) => ("verbatim ", text),
        };
        match text.char_indices().nth(64) {
            Some((end, _)) => write!(f, "{kind}{:?}.. ({} bytes)", &text[..end], text.len()),
            None => write!(f, "{kind}{text:?}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::writer::{MAX_PART_BYTES, MAX_PARTS};
    use super::*;

    /// A value whose implementation drops every error on the floor.
    struct Careless;

    impl LockKeyPart for Careless {
        fn write_part(&self, out: &mut KeyWriter<'_>) -> Result<(), KeyError> {
            let _ = out.text(&"x".repeat(MAX_PART_BYTES + 1));
            let _ = out.text("rest");
            Ok(())
        }
    }

    struct Endless;

    impl fmt::Display for Endless {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            loop {
                f.write_str("endless and endless and endless")?;
            }
        }
    }

    struct Broken;

    impl fmt::Display for Broken {
        fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
            Err(fmt::Error)
        }
    }

    #[test]
    fn a_key_goes_to_other_threads() {
        fn shared<T: Send + Sync + Clone + 'static>(_: &T) {}
        shared(&LockKey::of(1));
    }

    #[test]
    fn a_dropped_error_still_fails_the_key() {
        let error = KeyError::PartTooLong { part: 2, limit: MAX_PART_BYTES };
        assert_eq!(LockKey::try_of(("a", Careless, "b")), Err(error.clone()));
        let key = LockKey::of(("a", Careless));
        assert_eq!(key.error(), Some(&error));
        assert!(!key.is_empty());
        assert!(format!("{key:?}").len() < 200);
    }

    #[test]
    fn a_part_may_have_one_mebibyte_and_no_byte_more() {
        let text = "x".repeat(MAX_PART_BYTES);
        assert!(LockKey::try_of((&text, &text)).is_ok());
        let error = KeyError::PartTooLong { part: 1, limit: MAX_PART_BYTES };
        assert_eq!(LockKey::try_of(text.clone() + "x"), Err(error.clone()));
        let affixed = |before, after| LockKey::from_fn(|out| out.affixed(before, &text, after)).error;
        assert_eq!(affixed("", ""), None);
        assert_eq!(affixed("a", ""), Some(error.clone()));
        assert_eq!(affixed("", "a"), Some(error));
    }

    #[test]
    fn a_display_that_does_not_end_is_stopped() {
        let key = LockKey::from_fn(|out| out.display(Endless));
        assert_eq!(key.error, Some(KeyError::PartTooLong { part: 1, limit: MAX_PART_BYTES }));
    }

    #[test]
    fn a_display_that_fails_is_an_error_with_its_position() {
        let key = LockKey::from_fn(|out| {
            out.text("a")?;
            out.display(Broken)
        });
        assert_eq!(key.error, Some(KeyError::Display { part: 2 }));
    }

    #[test]
    fn the_number_of_parts_is_bounded() {
        let many = |count| {
            LockKey::from_fn(|out| {
                for _ in 0..count {
                    out.none()?;
                }
                Ok(())
            })
        };
        assert_eq!(many(MAX_PARTS).error, None);
        assert_eq!(many(MAX_PARTS + 1).error, Some(KeyError::TooManyParts { limit: MAX_PARTS }));
    }

    #[test]
    fn constant_text_is_glued_to_its_placeholder() {
        let key = |part: &dyn LockKeyPart| {
            LockKey::from_fn(|out| {
                out.text("a")?;
                out.affixed("user-", part, ".json")
            })
        };
        assert_eq!(key(&7), LockKey::of(("a", "user-7.json")));
        assert_eq!(key(&""), LockKey::of(("a", "user-.json")));
        assert_eq!(key(&Some("x")), LockKey::of(("a", "user-x.json")));
        assert_eq!(key(&None::<u8>).error, Some(KeyError::NoneWithText { part: 2 }));
        assert_eq!(key(&(1, 2)).error, Some(KeyError::NotOneWithText { part: 2, written: 2 }));
        assert_eq!(key(&LockKey::empty()).error, Some(KeyError::NotOneWithText { part: 2, written: 0 }));
        assert_eq!(
            key(&LockKey::verbatim("a:b")).error,
            Some(KeyError::NotOneWithText { part: 2, written: 1 })
        );
    }

    #[test]
    fn a_key_in_a_key_flattens_and_passes_its_error_on() {
        let inner = LockKey::of((1, None::<u8>, "x"));
        assert_eq!(LockKey::of(("tenant", &inner)), LockKey::of(("tenant", 1, None::<u8>, "x")));
        assert_eq!(LockKey::of(LockKey::verbatim("a:b")), LockKey::verbatim("a:b"));
        let failed = LockKey::of(Careless);
        assert_eq!(LockKey::of(("tenant", &failed)).error, failed.error);
    }

    #[test]
    fn a_key_prints_escaped_and_bounded() {
        let key = LockKey::of(("a\n\u{202e}", "é".repeat(5000)));
        let shown = format!("{key:?}");
        assert!(shown.starts_with(r#"LockKey["a\n\u{202e}", "éé"#), "{shown}");
        assert!(shown.len() < 200 && shown.ends_with("(10000 bytes)]"), "{shown}");
    }
}
