//! Percent-encoding of one key part.

use lock_rules::is_encoded;

use super::long_name::NameSink;

/// The whole segment of a part that is the empty text. No other text gives it: a `%` of a text is written `%25`.
const EMPTY_TEXT: &[u8] = b"%";

/// Writes `text` with all that may not stand in a name, and every character of `delimiter`, as `%` and the upper-case
/// hex of its UTF-8 bytes.
pub(super) fn encode_text(text: &str, delimiter: &str, out: &mut NameSink) {
    if text.is_empty() {
        return out.push(EMPTY_TEXT);
    }
    let mut clean_from = 0;
    for (at, character) in text.char_indices() {
        if !is_encoded(character) && !delimiter.contains(character) {
            continue;
        }
        let end = at + character.len_utf8();
        out.push(&text.as_bytes()[clean_from..at]);
        for byte in &text.as_bytes()[at..end] {
            out.push(&[b'%', upper_hex(byte >> 4), upper_hex(byte & 15)]);
        }
        clean_from = end;
    }
    out.push(&text.as_bytes()[clean_from..]);
}

const fn upper_hex(nibble: u8) -> u8 {
    b"0123456789ABCDEF"[nibble as usize]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(text: &str, delimiter: &str) -> String {
        let mut sink = NameSink::new();
        encode_text(text, delimiter, &mut sink);
        sink.finish(delimiter).as_str().to_owned()
    }

    #[test]
    fn what_a_log_or_redis_would_interpret_is_encoded() {
        assert_eq!(encoded("a:b{c}", ":"), "a%3Ab%7Bc%7D");
        assert_eq!(encoded("é x", ":"), "é%20x");
        assert_eq!(encoded("50%", ":"), "50%25");
        assert_eq!(encoded("a\0\r\n\u{1b}", ":"), "a%00%0D%0A%1B");
        assert_eq!(encoded("\u{200b}😀\u{202e}", ":"), "%E2%80%8B😀%E2%80%AE");
        assert_eq!(encoded("", ":"), "%");
    }

    #[test]
    fn only_the_delimiter_in_use_is_encoded() {
        assert_eq!(encoded("a-b:c", ":"), "a-b%3Ac");
        assert_eq!(encoded("a-b:c", "-"), "a%2Db:c");
        assert_eq!(encoded("a-b:c", "-:"), "a%2Db%3Ac");
    }
}
