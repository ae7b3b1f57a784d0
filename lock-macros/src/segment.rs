//! What fixed text of a lock's name may hold. Text from arguments is encoded when the function is called; text that
//! stands in the source is refused instead, so that the name in the source is the name on the server.

use lock_rules::{DELIMITER_CHARACTERS, MAX_DELIMITER_CHARACTERS, MAX_PART_BYTES, is_encoded};

/// Whether `text` can stand between the segments of a name.
///
/// # Errors
///
/// What is wrong and what to write instead.
pub(crate) fn check_delimiter(text: &str) -> Result<(), String> {
    const WRITE: &str = "a delimiter is 1 to 4 of `: / . - _ | # @ ~ + = , ; !`";
    if text.is_empty() {
        return Err(format!("the delimiter is empty, and segments would run together: {WRITE}"));
    }
    if let Some(other) = text.chars().find(|c| !DELIMITER_CHARACTERS.contains(*c)) {
        return Err(format!("{} cannot be part of a delimiter: {WRITE}", describe(other)));
    }
    if text.len() > MAX_DELIMITER_CHARACTERS {
        return Err(format!("this delimiter has {} characters: {WRITE}", text.len()));
    }
    Ok(())
}

/// Whether `text` can be fixed text inside one segment of a name.
///
/// # Errors
///
/// What is wrong, for a message that begins with the place of the text.
pub(crate) fn check_text(text: &str, delimiter: &str) -> Result<(), Mistake> {
    if text.len() > MAX_PART_BYTES {
        return Err(Mistake::TooLong);
    }
    for character in text.chars() {
        if delimiter.contains(character) {
            return Err(Mistake::Delimiter(character));
        }
        if matches!(character, '{' | '}') {
            return Err(Mistake::Brace);
        }
        if is_encoded(character) {
            return Err(Mistake::Forbidden(describe(character)));
        }
    }
    Ok(())
}

/// `name = ".."` for `text`, with what a name cannot hold left out.
pub(crate) fn as_name(text: &str, delimiter: &str) -> String {
    let name = joined(text, delimiter, &|c| c.is_whitespace() || delimiter.contains(c));
    match check_text(&name, delimiter) {
        Ok(()) if !name.is_empty() => format!("`name = {name:?}`"),
        _ => "`name = ..`".to_owned(),
    }
}

/// What `separates` leaves of `text`, with a mark between that is not of the delimiter.
pub(crate) fn joined(text: &str, delimiter: &str, separates: &dyn Fn(char) -> bool) -> String {
    let between = if delimiter.contains('-') { '_' } else { '-' };
    let mut joined = String::new();
    for word in text.split(separates).filter(|word| !word.is_empty()) {
        if !joined.is_empty() {
            joined.push(between);
        }
        joined.push_str(word);
    }
    joined
}

/// Why a text cannot be part of a name.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Mistake {
    /// It holds a character of the delimiter.
    Delimiter(char),
    /// It looks like a template.
    Brace,
    /// It holds this other character.
    Forbidden(String),
    /// It has more bytes than one part of a key may have.
    TooLong,
}

fn describe(character: char) -> String {
    match character {
        ' ' => "a space".to_owned(),
        '%' | '{' | '}' => format!("`{character}`"),
        c if is_encoded(c) => format!("the invisible character U+{:04X}", u32::from(c)),
        c => format!("`{c}`"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delimiters_are_one_to_four_of_the_set() {
        for good in [":", "::", "/", "-_-", "!!!!"] {
            assert_eq!(check_delimiter(good), Ok(()), "{good}");
        }
        for bad in ["", ":::::", "a", "%", "{", "*", " ", ":x", "é"] {
            assert!(check_delimiter(bad).is_err(), "{bad}");
        }
        let all: Vec<String> = DELIMITER_CHARACTERS.chars().map(String::from).collect();
        let written = format!("a delimiter is 1 to {MAX_DELIMITER_CHARACTERS} of `{}`", all.join(" "));
        assert!(check_delimiter("").is_err_and(|message| message.ends_with(&written)));
    }

    #[test]
    fn fixed_text_holds_nothing_that_would_be_encoded() {
        assert_eq!(check_text("order-größe_42", ":"), Ok(()));
        assert_eq!(check_text("a:b", "/"), Ok(()));
        assert_eq!(check_text("a:b", ":"), Err(Mistake::Delimiter(':')));
        assert_eq!(check_text("a:b", "::"), Err(Mistake::Delimiter(':')));
        assert_eq!(check_text("{id}", ":"), Err(Mistake::Brace));
        for bad in ["a%", "a b", "a\n", "\u{202e}a", "a\u{200b}", "\u{a0}"] {
            assert!(matches!(check_text(bad, ":"), Err(Mistake::Forbidden(_))), "{bad:?}");
        }
    }
}
