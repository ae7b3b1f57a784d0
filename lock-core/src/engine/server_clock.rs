//! What is known of the server's clock.

use std::time::Duration;

use crate::clock::Moment;

/// Larger than every time that a server will show, and exact in Lua's numbers.
const FAR_FUTURE_MS: u64 = (1 << 53) - 1;

/// An upper bound on the server's clock, out of its last reply.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct ServerClock(Option<(Moment, u64)>);

impl ServerClock {
    /// The server showed `server_ms` at some moment after `sent`. The latest word counts: it follows a clock that steps.
    pub(super) fn heard(&mut self, sent: Moment, server_ms: u64) {
        if self.0.is_none_or(|(known, _)| known <= sent) {
            self.0 = Some((sent, server_ms));
        }
    }

    /// The server's time `after` from now, at the latest. It executed the last request after that was sent, so its clock
    /// can't be further ahead than if it had executed it at once.
    pub(super) fn at_most(&self, now: Moment, after: Duration) -> u64 {
        let Some((sent, server_ms)) = self.0 else {
            return FAR_FUTURE_MS;
        };
        let passed = u64::try_from((now.since(sent) + after).as_millis()).unwrap_or(FAR_FUTURE_MS);
        server_ms.saturating_add(passed).saturating_add(1).min(FAR_FUTURE_MS)
    }
}
