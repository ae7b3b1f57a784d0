//! Whether a text that is used as it is can stand in a name. The sets of characters are in `lock-rules`.

use lock_rules::{DELIMITER_CHARACTERS, MAX_DELIMITER_CHARACTERS, is_encoded};

use super::error::KeyError;
use super::writer::MAX_PART_BYTES;

/// The most bytes that a namespace may have, so that it is never cut out of the readable head of a long name.
pub const MAX_NAMESPACE_BYTES: usize = 64;

/// Refuses a text that is used as it is, but could not be told from an encoded one, or not be read in a log.
///
/// `what` says in the error which text it is: `"prefix"`, `"name"`, ... Delimiters are allowed: such a text may be
/// several segments.
pub(crate) fn check_literal(what: &'static str, text: &str) -> Result<(), KeyError> {
    if text.is_empty() {
        return Err(KeyError::EmptyLiteral { what });
    }
    if text.len() > MAX_PART_BYTES {
        return Err(KeyError::LiteralTooLong { what, limit: MAX_PART_BYTES });
    }
    match text.char_indices().find(|&(_, character)| is_encoded(character)) {
        Some((at, character)) => Err(KeyError::ForbiddenCharacter { what, character, at }),
        None => Ok(()),
    }
}

/// [`check_literal`] for a namespace, which is also short and has no `;`.
pub(crate) fn check_namespace(text: &str) -> Result<(), KeyError> {
    if text.len() > MAX_NAMESPACE_BYTES {
        return Err(KeyError::LiteralTooLong { what: "namespace", limit: MAX_NAMESPACE_BYTES });
    }
    // It begins the names of push channels, and `;` ends a channel where the server keeps it.
    if let Some(at) = text.find(';') {
        return Err(KeyError::ForbiddenCharacter { what: "namespace", character: ';', at });
    }
    check_literal("namespace", text)
}

/// Refuses a delimiter that is not 1 to 4 of [`DELIMITER_CHARACTERS`].
pub(crate) fn check_delimiter(text: &str) -> Result<(), KeyError> {
    if let Some(character) =
        text.chars().take(MAX_DELIMITER_CHARACTERS + 1).find(|&c| !DELIMITER_CHARACTERS.contains(c))
    {
        return Err(KeyError::Delimiter { character: Some(character) });
    }
    // All are ASCII from here on.
    if text.is_empty() || text.len() > MAX_DELIMITER_CHARACTERS {
        return Err(KeyError::Delimiter { character: None });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_literal_is_refused_at_its_first_forbidden_character() {
        assert_eq!(check_literal("prefix", "shop:order-v2.é"), Ok(()));
        assert_eq!(check_literal("prefix", ""), Err(KeyError::EmptyLiteral { what: "prefix" }));
        assert_eq!(
            check_literal("name", "é{id}"),
            Err(KeyError::ForbiddenCharacter { what: "name", character: '{', at: 2 })
        );
        for bad in ["a%3A", "a b", "a\n", "a\u{202e}b", "a\u{200b}", "}", "\u{7f}"] {
            assert!(check_literal("name", bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_namespace_is_short() {
        assert_eq!(check_namespace("LOCK"), Ok(()));
        assert_eq!(check_namespace(&"n".repeat(64)), Ok(()));
        assert_eq!(
            check_namespace(&"n".repeat(65)),
            Err(KeyError::LiteralTooLong { what: "namespace", limit: 64 })
        );
    }

    #[test]
    fn a_delimiter_is_one_to_four_of_its_characters() {
        for good in DELIMITER_CHARACTERS.chars().map(String::from).chain(["::".into(), "-~-!".into()]) {
            assert_eq!(check_delimiter(&good), Ok(()), "{good:?}");
        }
        for bad in ["%", "{", "a", "7", "*", "?", "[", "\\", " ", "\n", ":é", "😀"] {
            let character = bad.chars().find(|c| *c != ':');
            assert_eq!(check_delimiter(bad), Err(KeyError::Delimiter { character }), "{bad:?}");
        }
        for bad in ["", ":::::"] {
            assert_eq!(check_delimiter(bad), Err(KeyError::Delimiter { character: None }), "{bad:?}");
        }
    }
}
