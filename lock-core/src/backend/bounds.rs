//! In which range a number or a text from outside can be true.
//!
//! Messages, replies, records, the counter and `INFO` come from a server, and through it from whoever may write or publish
//! there. Each number is checked against its range where it comes in, and the ranges stand here and nowhere else (the scripts
//! have the same, at the head of `start.lua`). What lies outside proves nothing: a message is then a hint to ask, a record is
//! foreign to its own lock, and a reply is none.

use std::time::Duration;

use super::Entry;
use crate::params::MAX_EXPIRE;

/// Fences, tickets and floors lie below this: tokens have 11 bits more, and the records' scores are exact. Drawn from a clock in
/// µs, they get here in the year 2112.
pub(crate) const NUMBERS_END: u64 = 1 << 52;
/// A server's time lies below this, in ms: the year 2248.
pub(crate) const TIMES_END_MS: u64 = 1 << 43;
/// By so much may a server's clock have gone back since it wrote what it now reads.
const CLOCK_STEP: Duration = Duration::from_secs(24 * 60 * 60);

/// How far two clocks run apart, of what passes.
const DRIFT: u32 = 100;
/// How far past the server's clock a fence may be drawn because earlier ones were. A counter that is ahead of the clock
/// moves by one for each number, and so does the floor; only what was drawn since counts here.
const DRAWN_AHEAD: Duration = Duration::from_millis(10);

/// Whether a pushed grant to `entry` can be for this lease: the short one that the entry itself names, and no other.
pub(crate) fn is_possible_lease(left_ms: u64, entry: &Entry) -> bool {
    left_ms == entry.short_ms
}

/// Whether a server that told `floor` can have got as far as `fence` by now; `passed`: since before that reply was asked for.
///
/// Fences are drawn from the server's clock in µs, or one by one where earlier fences are ahead of it. The floor was not below
/// the clock when the server told it, so by now the clock is at most as far past the floor as the time that passed.
pub(crate) fn is_reachable_fence(fence: u64, floor: u64, passed: Duration) -> bool {
    let ahead = passed + passed / DRIFT + DRAWN_AHEAD;
    let ahead = u64::try_from(ahead.as_micros()).unwrap_or(u64::MAX);
    fence <= floor.saturating_add(ahead)
}

/// The highest fence, ticket or counter that can be true while a server's clock shows `now_us`.
///
/// What could go wrong: one record that somebody else wrote, or that was damaged, moves the counter of all locks to where no number
/// is left. It can't: what lies past this is foreign to its own lock, and the counter is never set from it.
pub(crate) const fn highest_number(now_us: u64) -> u64 {
    now_us.saturating_add(CLOCK_STEP.as_micros() as u64)
}

/// The latest deadline or heartbeat that can be true while a server's clock shows `now_ms`, rounded up.
pub(crate) const fn latest_end_ms(now_ms: u64) -> u64 {
    now_ms.saturating_add((MAX_EXPIRE.as_millis() + CLOCK_STEP.as_millis()) as u64)
}

/// Whether a fence, ticket or floor in a reply can be one of a server that showed `server_ms`. (Of one call's numbers the last may be
/// a little past the highest that was read.)
pub(crate) const fn is_number_of(number: u64, server_ms: u64) -> bool {
    number < NUMBERS_END && number <= highest_number(server_ms.saturating_mul(1000)).saturating_add(1_000_000)
}

/// Whether a lease left in a reply can be one.
pub(crate) const fn is_lease_left(left_ms: u64) -> bool {
    left_ms <= latest_end_ms(0)
}

/// How many bytes an owner's record has at most.
pub(crate) const RECORD_LENGTH: usize = 160;
/// How many bytes of what a server says are passed on to people.
pub(crate) const TEXT_LENGTH: usize = 2_000;
/// How many bytes one message, or one text in it, has at most: grants have 80, and what else a server says on a subscription less
/// than 2,000.
#[cfg(feature = "redis")]
pub(crate) const MESSAGE_LENGTH: usize = 64 * 1024;
/// The same of a text in a reply: `INFO` has some 10,000.
#[cfg(feature = "redis")]
pub(crate) const REPLY_LENGTH: usize = 1024 * 1024;
/// How long a server's run id is, and how much of it travels with each call and each grant.
#[cfg(feature = "redis")]
const RUN_ID: std::ops::RangeInclusive<usize> = 16..=64;

/// An owner's record as it is written, and as it is shown: cut, on one line, and without what would hide or turn the rest of a log.
pub(crate) fn record(text: &str) -> String {
    cut(text.chars().map(|c| if is_disturbing(c) || c == ';' { '_' } else { c }), RECORD_LENGTH)
}

/// What a server said, for people.
pub(crate) fn text(said: &str) -> String {
    cut(said.chars().map(|c| if is_disturbing(c) { ' ' } else { c }), TEXT_LENGTH)
}

/// The same of one word: a version, a policy.
#[cfg(feature = "redis")]
pub(crate) fn word(said: &str) -> String {
    cut(said.chars().map(|c| if is_disturbing(c) { ' ' } else { c }), *RUN_ID.end())
}

/// Whether it can be a run id, or the beginning of one.
#[cfg(feature = "redis")]
pub(crate) fn is_run_id(text: &str) -> bool {
    RUN_ID.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Control characters, line ends of Unicode, and what turns the direction of what follows.
fn is_disturbing(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

fn cut(characters: impl Iterator<Item = char>, most: usize) -> String {
    let mut text = String::new();
    for c in characters {
        if text.len() + c.len_utf8() > most {
            break;
        }
        text.push(c);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fence_follows_its_servers_clock() {
        let second = Duration::from_secs(1);
        let floor = 1_735_689_600_000_000;
        for fence in [floor + 1, floor + 999_999, floor + 1_020_000] {
            assert!(is_reachable_fence(fence, floor, second), "{fence}");
        }
        for fence in [floor + 1_020_001, (1 << 52) - 1, 1 << 52, 1 << 53, u64::MAX] {
            assert!(!is_reachable_fence(fence, floor, second), "{fence}");
        }
    }

    #[test]
    fn numbers_of_a_reply_follow_its_clock() {
        let server_ms = 1_735_689_600_000;
        let day = 24 * 60 * 60 * 1_000_000;
        for number in [0, 1, server_ms * 1000, server_ms * 1000 + day] {
            assert!(is_number_of(number, server_ms), "{number}");
        }
        for number in [server_ms * 1000 + day + 1_000_001, NUMBERS_END, u64::MAX] {
            assert!(!is_number_of(number, server_ms), "{number}");
        }
        assert!(!is_number_of(NUMBERS_END, u64::MAX));
        assert!(is_lease_left(31 * 24 * 60 * 60 * 1000));
        assert!(!is_lease_left(31 * 24 * 60 * 60 * 1000 + 1));
    }

    #[test]
    fn texts_are_cut_and_cleaned() {
        assert_eq!(record("host/1 pay @17"), "host/1 pay @17");
        assert_eq!(record("a\r\nb\u{1b}[31m;\u{202e}c\u{2028}"), "a__b_[31m__c_");
        assert_eq!(record(&"ä".repeat(100_000)).len(), RECORD_LENGTH);
        assert_eq!(
            record(&format!("x{}", "ä".repeat(200))).len(),
            RECORD_LENGTH - 1,
            "no half of a character"
        );
        assert_eq!(text("ERR a\r\nb"), "ERR a  b");
        assert_eq!(text(&"x".repeat(100_000)).len(), TEXT_LENGTH);
    }
}
