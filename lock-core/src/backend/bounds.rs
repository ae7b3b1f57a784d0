//! In which range a number or a text from outside can be true.
//!
//! Messages, replies, records, the counter and `INFO` come from a server, and through it from whoever may write or publish
//! there. Each number is checked against its range where it comes in, and the ranges stand here and nowhere else (the scripts
//! have the same, at the head of `start.lua`). What lies outside proves nothing: a message is then a hint to ask, a record is
//! foreign to its own lock, and a reply is none.

use std::time::Duration;

use super::Entry;

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
}
