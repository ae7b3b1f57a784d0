//! Why a key cannot name a lock, and what to write instead.

use lock_rules::{DELIMITER_CHARACTERS, MAX_DELIMITER_CHARACTERS};

/// Why a name could not be made. Nothing was sent, and no body ran.
///
/// Positions count the key's parts from 1, tuples flattened. The texts never repeat a value, which may be large or
/// personal.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// There is neither a prefix, nor a name, nor a part.
    #[error("nothing names this lock: add a prefix, a name or a key")]
    Unnamed,
    /// Every part is `None`: the lock of "nothing" would be shared by all calls that lack a value.
    #[error(
        "every part of the key is `None`: lock only where there is a value, or put a part before it that always has one"
    )]
    AllNone,
    /// The only part is the empty string.
    #[error(
        "the key is an empty string: pass a value that identifies something, or for a fixed lock write a name and no key"
    )]
    Empty,
    /// A part is longer than [`MAX_PART_BYTES`](super::MAX_PART_BYTES).
    #[error(
        "part {part} of the key is longer than {limit} bytes: pass what identifies the value, or a hash of it"
    )]
    PartTooLong {
        /// Which part, from 1.
        part: usize,
        /// The most bytes that a part may have.
        limit: usize,
    },
    /// There are more than [`MAX_PARTS`](super::MAX_PARTS) parts.
    #[error(
        "the key has more than {limit} parts: pass what identifies the value, or a hash of it as one part"
    )]
    TooManyParts {
        /// The most parts that a key may have.
        limit: usize,
    },
    /// A value's `Display` returned an error.
    #[error("part {part} of the key could not be written: its `Display` failed; pass another text")]
    Display {
        /// Which part, from 1.
        part: usize,
    },
    /// A placeholder with text around it, `user-{id}`, was `None`.
    #[error(
        "part {part} of the key is `None`, but has text around it: put the placeholder between delimiters \
         (`user:{{id}}`), or unwrap it"
    )]
    NoneWithText {
        /// Which part, from 1.
        part: usize,
    },
    /// A placeholder with text around it, `user-{id}`, wrote no segment or several.
    #[error(
        "part {part} of the key has text around it and must be exactly one segment, but its value wrote {written}: \
         put the placeholder between delimiters (`user:{{id}}`), or name one field"
    )]
    NotOneWithText {
        /// Which part, from 1.
        part: usize,
        /// How many segments the value wrote.
        written: usize,
    },
    /// The value in an `Option` did not write exactly one present segment. With several, or with a `None` of its
    /// own, the outer `None` could not be told from it.
    #[error(
        "part {part} of the key is an `Option` whose value is `None` or not exactly one segment (it wrote {written}): \
         write `(Option<A>, Option<B>)` instead of `Option<(A, B)>`, and no `Option` of an `Option`"
    )]
    NotOneInOption {
        /// Which part, from 1.
        part: usize,
        /// How many segments the value wrote.
        written: usize,
    },
    /// A text that is taken as it is (prefix, name, namespace, a name by hand) is empty.
    #[error("the {what} is empty: leave it out, or write what the lock protects")]
    EmptyLiteral {
        /// Which text.
        what: &'static str,
    },
    /// A text that is taken as it is holds a character that only an encoded key part may hold.
    #[error(
        "the {what} holds {character:?} at byte {at}; it is used as it is and may not hold `%`, braces, white space, \
         control or invisible characters: pass such text as a key part, which is encoded (by hand: a tuple, \
         `(\"order\", text)`)"
    )]
    ForbiddenCharacter {
        /// Which text.
        what: &'static str,
        /// The first character that is not allowed.
        character: char,
        /// Where it stands, in bytes from the start.
        at: usize,
    },
    /// A text that is taken as it is, is too long.
    #[error("the {what} is longer than {limit} bytes: shorten it")]
    LiteralTooLong {
        /// Which text.
        what: &'static str,
        /// The most bytes that it may have.
        limit: usize,
    },
    /// The delimiter is not 1 to 4 of the allowed characters.
    #[error("a delimiter is 1 to {MAX_DELIMITER_CHARACTERS} of the characters {DELIMITER_CHARACTERS}, for example \":\"{}", found(*.character))]
    Delimiter {
        /// The first character that is not allowed; `None` if it has none or too many characters.
        character: Option<char>,
    },
    /// What an implementation of [`LockKeyPart`](super::LockKeyPart) or a generator says itself.
    #[error("{message}")]
    Custom {
        /// What is wrong, and what to do.
        message: String,
    },
}

impl KeyError {
    /// The most bytes of a message that [`KeyError::custom`] keeps.
    const MAX_MESSAGE_BYTES: usize = 1024;

    /// An error of your own implementation, with a text that says what to do.
    ///
    /// Beyond 1 KiB the text is cut: it ends in a log line.
    ///
    /// ```
    /// use lock_core::KeyError;
    ///
    /// let error = KeyError::custom("no tenant in this request: call it behind the tenant filter");
    /// assert!(error.to_string().starts_with("no tenant"));
    /// ```
    #[must_use]
    pub fn custom(message: impl Into<String>) -> Self {
        let mut message = message.into();
        if message.len() > Self::MAX_MESSAGE_BYTES {
            let end =
                (0..=Self::MAX_MESSAGE_BYTES).rev().find(|&at| message.is_char_boundary(at)).unwrap_or(0);
            message.truncate(end);
            message.shrink_to_fit();
        }
        Self::Custom { message }
    }
}

fn found(character: Option<char>) -> String {
    character.map(|c| format!("; not {c:?}")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_name_the_part_and_say_what_to_write() {
        let error = KeyError::NotOneWithText { part: 2, written: 3 };
        let text = error.to_string();
        assert!(
            text.contains("part 2") && text.contains("wrote 3") && text.contains("`user:{id}`"),
            "{text}"
        );
        assert_eq!(
            KeyError::Delimiter { character: Some('%') }.to_string(),
            "a delimiter is 1 to 4 of the characters :/.-_|#@~+=,;!, for example \":\"; not '%'"
        );
    }

    #[test]
    fn a_custom_message_is_cut_at_a_character() {
        let text = KeyError::custom("é".repeat(1 << 20)).to_string();
        assert_eq!(text, "é".repeat(512));
        assert_eq!(KeyError::custom("€".repeat(1000)).to_string(), "€".repeat(341));
    }

    #[test]
    fn an_error_is_small() {
        assert!(size_of::<KeyError>() <= 32, "{}", size_of::<KeyError>());
    }
}
