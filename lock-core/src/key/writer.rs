//! What a value writes its key parts into.

use std::fmt::{self, Display, Write as _};

pub use lock_rules::{MAX_PART_BYTES, MAX_PARTS};

use super::error::KeyError;
use super::lock_key::LockKey;
use super::part::LockKeyPart;

/// Takes the parts of a key, in order. Each call writes one segment of the lock's name, as raw text: encoding comes
/// later, so there is nothing to escape.
///
/// The first error stays: a key is never made from the parts around a part that failed.
///
/// ```
/// use lock_core::{KeyError, KeyWriter, LockKey, LockKeyPart};
///
/// struct Account { bank: String, number: u64 }
///
/// impl LockKeyPart for Account {
///     fn write_part(&self, out: &mut KeyWriter<'_>) -> Result<(), KeyError> {
///         out.text(&self.bank)?;
///         out.display(self.number)
///     }
/// }
///
/// let account = Account { bank: "north".into(), number: 7 };
/// assert_eq!(LockKey::of(account), LockKey::of(("north", 7)));
/// ```
#[derive(Debug)]
pub struct KeyWriter<'a> {
    key: &'a mut LockKey,
}

impl<'a> KeyWriter<'a> {
    pub(super) fn new(key: &'a mut LockKey) -> Self {
        Self { key }
    }

    /// Writes `text` as one segment. The empty text is a segment too, and differs from [`none`](Self::none).
    ///
    /// # Errors
    ///
    /// [`KeyError::PartTooLong`] over [`MAX_PART_BYTES`], [`KeyError::TooManyParts`] over [`MAX_PARTS`], or an error
    /// from before.
    pub fn text(&mut self, text: &str) -> Result<(), KeyError> {
        self.begin()?;
        if self.key.parts.open_len() + text.len() > MAX_PART_BYTES {
            return Err(self.too_long());
        }
        self.key.parts.text_mut().push_str(text);
        self.key.parts.close_text();
        Ok(())
    }

    /// Writes what `value` displays as one segment. Values that display alike are the same key.
    ///
    /// # Errors
    ///
    /// As [`text`](Self::text), and [`KeyError::Display`] if `value` fails to display.
    pub fn display(&mut self, value: impl Display) -> Result<(), KeyError> {
        self.begin()?;
        let room = MAX_PART_BYTES - self.key.parts.open_len();
        let mut bounded = Bounded { text: self.key.parts.text_mut(), room, over: false };
        let written = write!(bounded, "{value}");
        // A `Display` may ignore the error and go on: `over` is what counts.
        if bounded.over {
            return Err(self.too_long());
        }
        if written.is_err() {
            let part = self.position();
            return Err(self.fail(KeyError::Display { part }));
        }
        self.key.parts.close_text();
        Ok(())
    }

    /// Writes that there is no value: an empty segment before a value, nothing at the end of the key.
    ///
    /// # Errors
    ///
    /// [`KeyError::TooManyParts`] over [`MAX_PARTS`], or an error from before.
    pub fn none(&mut self) -> Result<(), KeyError> {
        self.begin()?;
        self.key.parts.close_none();
        Ok(())
    }

    /// Writes whatever segments `part` writes.
    ///
    /// # Errors
    ///
    /// What `part` returns, or an error from before.
    pub fn part(&mut self, part: &(impl LockKeyPart + ?Sized)) -> Result<(), KeyError> {
        self.begin_any()?;
        part.write_part(self).map_err(|error| self.fail(error))?;
        // An implementation may have dropped an error on its way.
        self.begin_any()
    }

    /// Writes one segment that is `part` with constant text around it: `user-{id}` is `out.affixed("user-", &id, "")`.
    ///
    /// Two variable values in one segment could not be told apart (`1` + `23`, `12` + `3`), so `part` must write exactly
    /// one.
    ///
    /// # Errors
    ///
    /// [`KeyError::NoneWithText`] if `part` is `None`, [`KeyError::NotOneWithText`] if it writes no segment or several,
    /// what `part` returns, or as [`text`](Self::text).
    pub fn affixed(
        &mut self,
        before: &str,
        part: &(impl LockKeyPart + ?Sized),
        after: &str,
    ) -> Result<(), KeyError> {
        self.begin()?;
        if self.key.parts.open_len() + before.len() > MAX_PART_BYTES {
            return Err(self.too_long());
        }
        let (position, parts_before) = (self.position(), self.key.parts.len());
        self.key.parts.text_mut().push_str(before);
        self.part(part)?;
        let written = self.key.parts.len() - parts_before;
        if written == 1 && self.key.parts.last_is_none() {
            return Err(self.fail(KeyError::NoneWithText { part: position }));
        }
        if written != 1 || !self.key.parts.last_is_text() {
            return Err(self.fail(KeyError::NotOneWithText { part: position, written }));
        }
        if self.key.parts.last_len() + after.len() > MAX_PART_BYTES {
            return Err(self.fail(KeyError::PartTooLong { part: position, limit: MAX_PART_BYTES }));
        }
        self.key.parts.extend_last(after);
        Ok(())
    }

    /// Writes the value of an `Option`, which must be exactly one present segment.
    ///
    /// Otherwise `None` would not be the only value that writes what it writes: with `Option<(Option<A>, B)>` in front,
    /// `(None, Some(x))` and `(Some((None, x)), None)` would be one lock.
    pub(super) fn some(&mut self, part: &(impl LockKeyPart + ?Sized)) -> Result<(), KeyError> {
        let (position, parts_before) = (self.position(), self.key.parts.len());
        self.part(part)?;
        let written = self.key.parts.len() - parts_before;
        if written != 1 || !self.key.parts.last_is_text() {
            return Err(self.fail(KeyError::NotOneInOption { part: position, written }));
        }
        Ok(())
    }

    /// Writes segments that were checked already and are not encoded.
    pub(super) fn verbatim(&mut self, text: &str) -> Result<(), KeyError> {
        self.begin()?;
        self.key.parts.text_mut().push_str(text);
        self.key.parts.close_verbatim();
        Ok(())
    }

    /// Records `error` as the key's, and lets go of the parts, which may be megabytes.
    pub(super) fn fail(&mut self, error: KeyError) -> KeyError {
        self.key.parts = Default::default();
        self.key.error = Some(error.clone());
        error
    }

    fn begin_any(&self) -> Result<(), KeyError> {
        self.key.error.clone().map_or(Ok(()), Err)
    }

    fn begin(&mut self) -> Result<(), KeyError> {
        self.begin_any()?;
        if self.key.parts.len() == MAX_PARTS {
            return Err(self.fail(KeyError::TooManyParts { limit: MAX_PARTS }));
        }
        Ok(())
    }

    /// The position, from 1, of the part that is written next.
    fn position(&self) -> usize {
        self.key.parts.len() + 1
    }

    fn too_long(&mut self) -> KeyError {
        let part = self.position();
        self.fail(KeyError::PartTooLong { part, limit: MAX_PART_BYTES })
    }
}

/// Stops a `Display` that would fill the memory.
struct Bounded<'a> {
    text: &'a mut String,
    room: usize,
    over: bool,
}

impl fmt::Write for Bounded<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        match self.room.checked_sub(text.len()) {
            Some(room) if !self.over => {
                self.room = room;
                self.text.push_str(text);
                Ok(())
            }
            _ => {
                self.over = true;
                Err(fmt::Error)
            }
        }
    }
}
