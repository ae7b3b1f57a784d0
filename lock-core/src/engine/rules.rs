//! The rules under which a lease is believed, and their numbers.

use std::time::Duration;

use crate::backend::REQUEST_LIMIT;
use crate::clock::Moment;

/// A grant, and every lease that nobody has claimed yet, lasts at most this long.
pub(super) const SHORT_LEASE: Duration = Duration::from_secs(3);
/// A lock passes between waiters of one process at most this often before the server hears of it ..
pub(super) const MAX_PASSES: u16 = 32;
/// .. and at most this long after the server's grant.
pub(super) const PASS_WINDOW: Duration = Duration::from_millis(20);
/// An offer that is not claimed for so long goes to the next waiter of this process.
pub(super) const OFFER_LIMIT: Duration = Duration::from_millis(5);
/// A holder with a short lease asks for its full one after this: most bodies under contention end before, and cost no
/// claim.
pub(super) const CLAIM_DELAY: Duration = Duration::from_millis(50);
/// A hold rests on a pushed grant alone for so long at most: then a reply has said that it is true, or the hold ends.
pub(super) const MESSAGE_LIMIT: Duration = REQUEST_LIMIT;
/// While anything is held or waited for, the engine looks at least this often.
pub(super) const LONGEST_TICK: Duration = Duration::from_millis(50);
/// First pause before something is tried again; doubled up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_millis(500);
/// Bits of a token that count local passes of one server grant.
const PASS_BITS: u32 = 11;

/// How long a lease may be counted on: from before the request was sent, for what the server says is left, less the
/// drift of two clocks (1 %) and of their rounding (2 ms).
pub(super) fn valid_until(sent: Moment, left_ms: u64) -> Moment {
    let left = Duration::from_millis(left_ms);
    sent + left.saturating_sub(left / 100 + Duration::from_millis(2))
}

/// The public token: later grants of the server exceed all local passes of an earlier one.
pub(super) fn token(fence: u64, pass: u16) -> u64 {
    (fence << PASS_BITS) | u64::from(pass)
}

/// The public token of a fence that was not passed on.
pub(crate) fn token_of_fence(fence: u64) -> u64 {
    token(fence, 0)
}

/// The fence of a token that was not passed on.
pub(super) fn own_fence(token: u64) -> Option<u64> {
    (token & ((1 << PASS_BITS) - 1) == 0).then_some(token >> PASS_BITS)
}

/// The pause before try number `tries` (from 0).
pub(super) fn pause(tries: u32) -> Duration {
    FIRST_PAUSE.saturating_mul(1 << tries.min(16)).min(LONGEST_PAUSE)
}

/// Whole milliseconds, rounded up, at least one.
pub(super) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX).max(1)
}

/// Switches that only the simulation turns, to show that each rule is needed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rules {
    /// A grant counts only if its fence is above the floor of the reply whose send time is used.
    pub(super) floor: bool,
    /// A lease counts from before the request was sent, not from when its answer came.
    pub(super) from_send: bool,
    /// A lease counts for what the server says is left, not for what was asked.
    pub(super) stated_left: bool,
    /// A grant counts only within the server generation of the reply whose send time is used.
    pub(super) generation: bool,
    /// A lease of which less than half is left is confirmed before a body starts.
    pub(super) confirm: bool,
    /// After "gone" a new id is used.
    pub(super) new_id: bool,
    /// A place behind the first one is given up, and the first one asked back.
    pub(super) first_place: bool,
    /// An undo goes on until no copy can run any more.
    pub(super) repeat_undo: bool,
    /// An offer that nobody has claimed is not extended.
    pub(super) unclaimed_lapses: bool,
    /// Who comes while a release is under way waits for its answer.
    pub(super) join_release: bool,
    /// Answers to a request that was given up change nothing.
    pub(super) latest_answer: bool,
}

impl Rules {
    /// As it is in production.
    pub(super) const ALL: Self = Self {
        floor: true,
        from_send: true,
        stated_left: true,
        generation: true,
        confirm: true,
        new_id: true,
        first_place: true,
        repeat_undo: true,
        unclaimed_lapses: true,
        join_release: true,
        latest_answer: true,
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The holder's clock may be slower than the server's by what two clocks drift apart, and the server rounds to
    /// milliseconds: by the holder's clock a lease has to be over first.
    #[test]
    fn a_lease_is_counted_on_for_less_than_it_lasts() {
        let sent = Moment::new(Duration::from_secs(1));
        for left_ms in [10, 1000, 30_000, 30 * 24 * 60 * 60 * 1000] {
            let left = Duration::from_millis(left_ms);
            let counted = valid_until(sent, left_ms).since(sent);
            let by_a_fast_server = left - left / 100 - Duration::from_millis(1);
            assert!(counted < by_a_fast_server, "{counted:?} of {left:?}");
            assert!(counted >= left * 3 / 4, "{counted:?} of {left:?}");
        }
        for too_short in [0, 1, 2] {
            assert_eq!(valid_until(sent, too_short), sent, "{too_short} ms are nothing");
        }
    }
}
