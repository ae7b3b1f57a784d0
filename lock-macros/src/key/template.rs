//! Templates: `"{user.id}:sku-{sku}"`.

use lock_rules::MAX_PART_BYTES;

use crate::segment::{self, Mistake};

/// One segment of a template: fixed text around at most one placeholder.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Slot {
    pub(super) before: String,
    /// The text between the braces.
    pub(super) placeholder: Option<String>,
    pub(super) after: String,
}

/// Whether `text` is a template; else it is an expression.
pub(super) fn is_template(text: &str) -> bool {
    text.contains(['{', '}'])
}

/// Takes `text` apart at each `delimiter` that is outside of braces.
///
/// # Errors
///
/// Every mistake, each with what to write instead.
pub(super) fn parse(text: &str, delimiter: &str) -> Result<Vec<Slot>, Vec<String>> {
    let mut slots = vec![Slot::default()];
    let mut mistakes = Vec::new();
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        let Some(slot) = slots.last_mut() else { break };
        if let Some(after) = rest.strip_prefix(delimiter) {
            slots.push(Slot::default());
            rest = after;
        } else if character == '{' {
            match placeholder(rest) {
                Ok((inner, after)) => {
                    rest = after;
                    if let Some(first) = &slot.placeholder {
                        mistakes.push(format!(
                            "two placeholders in one segment would make different arguments one lock: \
                             write `{{{first}}}{delimiter}{{{inner}}}`"
                        ));
                    }
                    slot.placeholder = Some(inner);
                }
                Err(message) => {
                    mistakes.push(message);
                    return Err(mistakes);
                }
            }
        } else if character == '}' {
            mistakes.push("a `}` without its `{`: a placeholder is written `{order.id}`".to_owned());
            return Err(mistakes);
        } else {
            let side = if slot.placeholder.is_some() { &mut slot.after } else { &mut slot.before };
            side.push(character);
            rest = &rest[character.len_utf8()..];
        }
    }
    for slot in &slots {
        if *slot == Slot::default() {
            mistakes.push(format!(
                "empty segment: in a template `{delimiter}` stands between two segments, as in `{{a}}{delimiter}{{b}}`"
            ));
        }
        for text in [&slot.before, &slot.after] {
            mistakes.extend(
                segment::check_text(text, delimiter).err().map(|mistake| explain(text, delimiter, mistake)),
            );
        }
    }
    if mistakes.is_empty() { Ok(slots) } else { Err(mistakes) }
}

fn explain(text: &str, delimiter: &str, mistake: Mistake) -> String {
    match mistake {
        Mistake::Delimiter(part) => {
            format!(
                "`{part}` in the fixed text `{text}` is a part of the delimiter `{delimiter}`: leave it out"
            )
        }
        Mistake::Brace => format!("braces in the fixed text `{text}`: leave them out"),
        Mistake::Forbidden(what) => {
            let text = text.escape_debug();
            format!("the fixed text `{text}` of a template cannot hold {what}: leave it out")
        }
        Mistake::TooLong => {
            format!("the fixed text of a template is longer than {MAX_PART_BYTES} bytes: shorten it")
        }
    }
}

/// The inside of the placeholder at the beginning of `text`, and what follows it.
fn placeholder(text: &str) -> Result<(String, &str), String> {
    let inside = &text[1..];
    if inside.starts_with('{') {
        return Err("braces cannot be escaped in a lock key: leave out the doubled `{{`".to_owned());
    }
    let end =
        inside.find(['{', '}']).ok_or("a `{` without its `}`: a placeholder is written `{order.id}`")?;
    if inside[end..].starts_with('{') {
        return Err(
            "braces inside a placeholder: write the expression bare, without quotes, as in `key = (a, b)`"
                .to_owned(),
        );
    }
    let (inner, after) = (inside[..end].trim(), &inside[end + 1..]);
    if inner.is_empty() {
        return Err("an empty placeholder: name what goes in, as in `{order.id}`".to_owned());
    }
    if let Some(value) = before_format(inner) {
        return Err(format!(
            "a placeholder has no format, or equal values could make different locks: write `{{{value}}}`"
        ));
    }
    Ok((inner.to_owned(), after))
}

/// What stands before the `:` of a format (`{id:>5}`); a path's `::` is none, nor is a colon inside parentheses.
fn before_format(inner: &str) -> Option<&str> {
    let (mut depth, mut quoted, mut previous) = (0_usize, false, ' ');
    for (at, character) in inner.char_indices() {
        match character {
            '"' if previous != '\\' => quoted = !quoted,
            _ if quoted => {}
            '(' | '[' => depth += 1,
            ')' | ']' => depth = depth.saturating_sub(1),
            ':' if depth == 0 && previous != ':' && !inner[at + 1..].starts_with(':') => {
                return Some(inner[..at].trim());
            }
            _ => {}
        }
        previous = character;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slot(before: &str, placeholder: &str, after: &str) -> Slot {
        let placeholder = (!placeholder.is_empty()).then(|| placeholder.to_owned());
        Slot { before: before.to_owned(), placeholder, after: after.to_owned() }
    }

    fn mistake(text: &str) -> String {
        parse(text, ":").unwrap_err().join(" | ")
    }

    #[test]
    fn segments_are_placeholders_with_text_around() {
        assert_eq!(parse("{ user.id }", ":").unwrap(), [slot("", "user.id", "")]);
        assert_eq!(parse("u-{a}:{b}x", ":").unwrap(), [slot("u-", "a", ""), slot("", "b", "x")]);
        assert_eq!(
            parse("{a}:eu:{b}", ":").unwrap(),
            [slot("", "a", ""), slot("eu", "", ""), slot("", "b", "")]
        );
        assert_eq!(parse("{a}::{b}", "::").unwrap(), [slot("", "a", ""), slot("", "b", "")]);
        assert_eq!(parse("{a}:x/{b}", "/").unwrap(), [slot("", "a", ":x"), slot("", "b", "")]);
    }

    #[test]
    fn a_delimiter_inside_braces_belongs_to_the_expression() {
        assert_eq!(
            parse("{Kind::of(a)}:{b}", ":").unwrap(),
            [slot("", "Kind::of(a)", ""), slot("", "b", "")]
        );
        assert_eq!(parse("{a.b}.{c}", ".").unwrap(), [slot("", "a.b", ""), slot("", "c", "")]);
        assert_eq!(parse("{f(|x: u8| x)}", ":").unwrap(), [slot("", "f(|x: u8| x)", "")]);
    }

    #[test]
    fn what_is_not_injective_or_not_clear_is_refused() {
        assert!(mistake("{a}{b}").contains("write `{a}:{b}`"));
        assert!(mistake("{a}-{b}").contains("write `{a}:{b}`"));
        assert!(mistake("{a}::{b}").contains("empty segment"));
        assert!(mistake(":{a}").contains("empty segment"));
        assert!(mistake("{a}:").contains("empty segment"));
        assert!(mistake("{a:?}").contains("write `{a}`"));
        assert!(mistake("{a:>5}").contains("no format"));
        assert!(mistake("{}").contains("empty placeholder"));
        assert!(mistake("{{a}}").contains("cannot be escaped"));
        assert!(mistake("{a").contains("without its `}`"));
        assert!(mistake("a}").contains("without its `{`"));
        assert!(mistake("{if a { 1 } else { 2 }}").contains("bare"));
        assert!(mistake("user {a}").contains("a space"));
        assert!(parse("x:{a}", "::").unwrap_err()[0].contains("part of the delimiter `::`"));
    }

    #[test]
    fn all_mistakes_are_reported() {
        assert_eq!(parse("{a}{b}::x y", ":").unwrap_err().len(), 3);
    }
}
