//! What is known of the servers' clocks.

use std::time::Duration;

use crate::backend::Generation;
use crate::clock::Moment;

/// Larger than every time that a server will show, and exact in Lua's numbers.
const FAR_FUTURE_MS: u64 = (1 << 53) - 1;
/// What was heard so long before the latest word counts no more: that server may be gone.
const OUTDATED: Duration = Duration::from_secs(10);

/// An upper bound on every server's clock, out of their last replies.
///
/// A cluster has many servers, whose clocks differ, and a request does not know yet which of them it will meet. What could
/// go wrong: the bound of one is used at another whose clock is ahead, which refuses every request as late. It can't: the
/// highest bound is used. (Behind, a copy may run for longer than that; its undo goes on for as long.)
#[derive(Clone, Debug, Default)]
pub(super) struct ServerClock(Vec<Heard>);

#[derive(Clone, Debug)]
struct Heard {
    from: Generation,
    sent: Moment,
    server_ms: u64,
}

impl ServerClock {
    /// The server of this generation showed `server_ms` at some moment after `sent`. Its latest word counts: it follows a
    /// clock that steps.
    pub(super) fn heard(&mut self, from: &Generation, sent: Moment, server_ms: u64) {
        match self.0.iter_mut().find(|known| known.from == *from) {
            Some(known) if known.sent <= sent => (known.sent, known.server_ms) = (sent, server_ms),
            Some(_) => {}
            None => {
                self.0.retain(|known| sent.since(known.sent) < OUTDATED);
                self.0.push(Heard { from: from.clone(), sent, server_ms });
            }
        }
    }

    /// The servers' time `after` from now, at the latest. A server executed the last request after that was sent, so its
    /// clock can't be further ahead than if it had executed it at once.
    pub(super) fn at_most(&self, now: Moment, after: Duration) -> u64 {
        let latest = self.0.iter().map(|known| known.sent).max();
        let fresh = self.0.iter().filter(|known| latest.is_none_or(|it| it.since(known.sent) < OUTDATED));
        let bounds = fresh.map(|known| {
            let passed = u64::try_from((now.since(known.sent) + after).as_millis()).unwrap_or(FAR_FUTURE_MS);
            known.server_ms.saturating_add(passed).saturating_add(1)
        });
        bounds.max().unwrap_or(FAR_FUTURE_MS).min(FAR_FUTURE_MS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Moment {
        Moment::new(Duration::from_millis(ms))
    }

    #[test]
    fn the_highest_of_several_clocks_bounds_them_all() {
        let mut clock = ServerClock::default();
        assert_eq!(clock.at_most(at(0), Duration::ZERO), FAR_FUTURE_MS, "nothing is known yet");
        let (one, two) = (Generation::new("one"), Generation::new("two"));
        clock.heard(&one, at(100), 1_000_100);
        clock.heard(&two, at(200), 1_005_200);
        assert_eq!(clock.at_most(at(300), Duration::from_millis(50)), 1_005_351);
        clock.heard(&two, at(150), 9_000_000);
        assert_eq!(
            clock.at_most(at(300), Duration::from_millis(50)),
            1_005_351,
            "an older word changes nothing"
        );
        clock.heard(&two, at(400), 1_000_000);
        assert_eq!(
            clock.at_most(at(400), Duration::ZERO),
            1_000_401,
            "a clock that stepped back is followed"
        );
    }

    #[test]
    fn a_server_that_is_gone_bounds_nobody() {
        let mut clock = ServerClock::default();
        clock.heard(&Generation::new("gone"), at(0), 9_000_000);
        clock.heard(&Generation::new("here"), at(10_000), 1_000_000);
        assert_eq!(clock.at_most(at(10_000), Duration::ZERO), 1_000_001);
    }
}
