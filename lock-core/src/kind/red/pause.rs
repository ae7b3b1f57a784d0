//! Time, by an engine's clock: no timer of the caller's runtime is involved.

use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use crate::clock::Moment;
use crate::engine::Engine;

/// The least upper bound of a pause: a round trip within one machine takes less than a timer is late.
const SHORTEST: Duration = Duration::from_millis(5);
const LONGEST: Duration = Duration::from_millis(500);

/// How long to stay away after attempt number `tries` (from 0) has failed: at random, up to four times the slowest answer, and
/// twice as much with every failure. Of many who split the votes between them, few come back at the same moment, and fewer
/// each time.
pub(super) fn random_pause(slowest: Duration, tries: u32, random: u64) -> Duration {
    let most = (slowest * 4).max(SHORTEST).saturating_mul(1 << tries.min(8)).min(LONGEST);
    most * u32::try_from(random % 1024).unwrap_or(0) / 1024
}

/// Ready at that moment, or a little later.
pub(super) async fn until(engine: &Engine, at: Moment) {
    let alarm = engine.alarm();
    std::future::poll_fn(|context| {
        if engine.now() >= at {
            return Poll::Ready(());
        }
        // With the engine its alarms have ended.
        if alarm.set(at, context) { Poll::Pending } else { Poll::Ready(()) }
    })
    .await;
}

/// What `future` gives before that moment.
pub(in crate::kind) async fn before<F: Future + Unpin>(
    engine: &Engine,
    at: Moment,
    mut future: F,
) -> Option<F::Output> {
    let mut over = std::pin::pin!(until(engine, at));
    std::future::poll_fn(|context| {
        if let Poll::Ready(output) = Pin::new(&mut future).poll(context) {
            return Poll::Ready(Some(output));
        }
        over.as_mut().poll(context).map(|()| None)
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_grows_with_the_failures_and_has_a_bound() {
        let most = |tries| random_pause(Duration::from_millis(2), tries, 1023);
        assert!(most(0) < Duration::from_millis(8));
        assert!(most(3) > Duration::from_millis(8), "{:?}", most(3));
        assert!(most(30) < LONGEST);
        assert!(random_pause(Duration::ZERO, 0, 1023) < SHORTEST);
        assert_eq!(random_pause(Duration::from_millis(2), 30, 1024), Duration::ZERO);
    }
}
