//! What the scripts' text may not contain.

use crate::backend::redis::scripts::Script;

/// The operands of `..`: literals, calls that return text, and names that stand for text. A number among them would
/// lose its last digits.
#[test]
fn no_number_is_concatenated() {
    const TEXT: [&str; 15] = [
        "waiter", "other", "mine", "id", "entry", "place", "ticket", "short", "text", "message", "seconds",
        "micros", "life", "kept", "marker",
    ];
    const CALLS: [&str; 2] = ["format(", "sub("];
    let mut seen = 0;
    for line in [Script::Acquire, Script::Hold].iter().flat_map(|script| script.source().lines()) {
        let code = line.split("--").next().unwrap_or_default();
        for (at, _) in code.match_indices(" .. ") {
            let (left, right) = (&code[..at], &code[at + 4..]);
            let word = |text: &str| TEXT.contains(&text);
            let before = left.rsplit(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default();
            let after = right.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default();
            assert!(left.ends_with('\'') || left.ends_with(')') || word(before), "left of `..` in: {line}");
            let call = CALLS.iter().any(|call| right.starts_with(call));
            assert!(right.starts_with('\'') || call || word(after), "right of `..` in: {line}");
            seen += 1;
        }
        let dots = code.matches("..").count();
        assert_eq!(dots, code.matches(" .. ").count(), "write `..` with spaces: {line}");
    }
    assert!(seen > 20);
}

/// `tostring` loses digits as well; the one use is for an error's text.
#[test]
fn no_number_is_made_text_but_by_format() {
    for script in [Script::Acquire, Script::Hold] {
        let source = script.source();
        assert_eq!(source.matches("tostring(").count(), source.matches("tostring(said[2])").count());
        assert!(!source.contains("cjson"));
        for line in source.lines().filter(|line| line.contains("format(")) {
            assert!(line.contains("format('%.0f'") || line.contains("format('%016.0f'"), "{line}");
        }
    }
}

/// Every command runs under `pcall`: the script never raises.
#[test]
fn every_command_is_protected() {
    for script in [Script::Acquire, Script::Hold] {
        let source = script.source();
        let bare = source
            .lines()
            .filter(|line| line.contains("redis.") && !line.contains("pcall(redis.set_repl, redis.REPL_"));
        assert_eq!(bare.count(), 1, "only `redis.pcall`, once, and what is published is not replicated");
        assert!(source.contains("redis.pcall"));
    }
}
