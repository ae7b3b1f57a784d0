//! What the attribute accepts when it is compiled is accepted when the function is called, and the other way round.

use lock_rules::{DEFAULT_DELIMITER, DELIMITER_CHARACTERS, MAX_PART_BYTES};

use super::charset::{check_delimiter, check_literal};

/// The attribute's own code: a macro crate exports nothing but macros.
#[allow(dead_code)]
#[path = "../../../lock-macros/src/segment.rs"]
mod attribute;

#[test]
fn both_crates_refuse_the_same_of_all_code_points() {
    for character in '\0'..=char::MAX {
        let text = format!("a{character}");
        let compiles = attribute::check_text(&text, DEFAULT_DELIMITER).is_ok();
        // Fixed text of the attribute is one segment: a delimiter in it compiles nowhere.
        let runs = check_literal("prefix", &text).is_ok() && !text.contains(DEFAULT_DELIMITER);
        assert_eq!(compiles, runs, "U+{:04X}", u32::from(character));

        let text = character.to_string();
        let (compiles, runs) = (attribute::check_delimiter(&text).is_ok(), check_delimiter(&text).is_ok());
        assert_eq!(compiles, runs, "U+{:04X} as a delimiter", u32::from(character));
    }
}

#[test]
fn both_crates_refuse_the_same_lengths() {
    for length in 0..8 {
        for character in DELIMITER_CHARACTERS.chars().chain(['x', 'é']) {
            let text = character.to_string().repeat(length);
            let (compiles, runs) =
                (attribute::check_delimiter(&text).is_ok(), check_delimiter(&text).is_ok());
            assert_eq!(compiles, runs, "{text:?} as a delimiter");
        }
    }
    for length in [1, MAX_PART_BYTES, MAX_PART_BYTES + 1] {
        let text = "x".repeat(length);
        let compiles = attribute::check_text(&text, DEFAULT_DELIMITER).is_ok();
        assert_eq!(compiles, check_literal("prefix", &text).is_ok(), "{length}");
    }
}
