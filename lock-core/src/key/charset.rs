//! Which characters a name may hold.
//!
//! These sets are part of the format: two processes that disagree about one character would take two locks for one
//! value. So they are written out here, rather than asked of the standard library, whose tables follow Unicode.

use super::error::KeyError;
use super::writer::MAX_PART_BYTES;

/// What is percent-encoded in a key part, and refused in a prefix, name, namespace or name by hand, as inclusive
/// ranges in rising order.
///
/// `%`, `{` and `}` (the escape, and Redis' hash tags), all control characters and all white space (`White_Space`), and
/// all that is invisible: bidirectional controls, zero-width characters and the rest of Unicode's
/// `Default_Ignorable_Code_Point`, with the interlinear annotations. Other Unicode stays as it is, and is not
/// normalised.
///
/// In key parts the characters of the delimiter in use are encoded too.
pub const ENCODED_CHARACTERS: &[(char, char)] = &[
    ('\u{0}', '\u{20}'),
    ('%', '%'),
    ('{', '{'),
    ('}', '}'),
    ('\u{7f}', '\u{a0}'),
    ('\u{ad}', '\u{ad}'),
    ('\u{34f}', '\u{34f}'),
    ('\u{61c}', '\u{61c}'),
    ('\u{115f}', '\u{1160}'),
    ('\u{1680}', '\u{1680}'),
    ('\u{17b4}', '\u{17b5}'),
    ('\u{180b}', '\u{180f}'),
    ('\u{2000}', '\u{200f}'),
    ('\u{2028}', '\u{202f}'),
    ('\u{205f}', '\u{206f}'),
    ('\u{3000}', '\u{3000}'),
    ('\u{3164}', '\u{3164}'),
    ('\u{fe00}', '\u{fe0f}'),
    ('\u{feff}', '\u{feff}'),
    ('\u{ffa0}', '\u{ffa0}'),
    ('\u{fff0}', '\u{fffb}'),
    ('\u{1bca0}', '\u{1bca3}'),
    ('\u{1d173}', '\u{1d17a}'),
    ('\u{e0000}', '\u{e0fff}'),
];

/// What a delimiter may be made of. No letter or digit, since `%3A` holds those; nothing that a pattern interprets.
pub const DELIMITER_CHARACTERS: &str = ":/.-_|#@~+=,;!";

/// The most characters that a delimiter may have.
pub const MAX_DELIMITER_CHARACTERS: usize = 4;

/// The most bytes that a namespace may have, so that it is never cut out of the readable head of a long name.
pub const MAX_NAMESPACE_BYTES: usize = 64;

/// Whether `character` is in [`ENCODED_CHARACTERS`].
pub(super) fn is_encoded(character: char) -> bool {
    match character {
        '\u{21}'..='\u{7e}' => matches!(character, '%' | '{' | '}'),
        _ => {
            let after = ENCODED_CHARACTERS.partition_point(|&(first, _)| first <= character);
            after > 0 && character <= ENCODED_CHARACTERS[after - 1].1
        }
    }
}

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
    fn the_ranges_are_ordered_and_apart() {
        assert!(ENCODED_CHARACTERS.iter().all(|(first, last)| first <= last));
        assert!(ENCODED_CHARACTERS.windows(2).all(|pair| pair[0].1 < pair[1].0));
    }

    #[test]
    fn the_fast_answer_agrees_with_the_ranges() {
        for character in '\0'..=char::MAX {
            let listed = ENCODED_CHARACTERS.iter().any(|&(first, last)| (first..=last).contains(&character));
            assert_eq!(is_encoded(character), listed, "{character:?}");
        }
    }

    #[test]
    fn controls_and_white_space_of_the_standard_library_are_encoded() {
        for character in ('\0'..=char::MAX).filter(|c| c.is_control() || c.is_whitespace()) {
            assert!(is_encoded(character), "{character:?}");
        }
    }

    #[test]
    fn visible_text_is_not_encoded() {
        for character in "azAZ09:/.-_|#@~+=,;!\"'\\*?[]()<>&$^`éß中文😀\u{301}".chars() {
            assert!(!is_encoded(character), "{character:?}");
        }
        for character in "\u{200b}\u{200d}\u{202e}\u{2066}\u{feff}\u{fe0f}\u{e0001}\u{061c}\u{00ad}".chars() {
            assert!(is_encoded(character), "{character:?}");
        }
    }

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
