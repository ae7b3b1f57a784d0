//! Which characters a name may hold.
//!
//! These sets are part of the format: two processes that disagree about one character would take two locks for one
//! value. So they are written out here, rather than asked of the standard library, whose tables follow Unicode.

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

/// Between the segments of a name, where nothing else is said.
pub const DEFAULT_DELIMITER: &str = ":";

/// What a delimiter may be made of. No letter or digit, since `%3A` holds those; nothing that a pattern interprets.
pub const DELIMITER_CHARACTERS: &str = ":/.-_|#@~+=,;!";

/// The most characters that a delimiter may have.
pub const MAX_DELIMITER_CHARACTERS: usize = 4;

/// Whether `character` is in [`ENCODED_CHARACTERS`].
#[must_use]
pub fn is_encoded(character: char) -> bool {
    match character {
        '\u{21}'..='\u{7e}' => matches!(character, '%' | '{' | '}'),
        _ => {
            let after = ENCODED_CHARACTERS.partition_point(|&(first, _)| first <= character);
            after > 0 && character <= ENCODED_CHARACTERS[after - 1].1
        }
    }
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
}
