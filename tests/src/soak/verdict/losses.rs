//! Losses that are announced in time, and only where there is one.

use std::time::Duration;

use super::{Attempt, Figures, History, LEASE_NS, Wrong};
use crate::soak::faults::Harm;

/// An announcement that is late by more than this is missing: the engine looks every 50 ms at the latest, and each of two threads,
/// its own and that of the task, may be kept from running for 60 ms without its being noted.
const TOO_LATE: Duration = Duration::from_millis(200);
/// Before the end of a lease it was last renewed so long ago at most: no lease is longer, and what was on its way then is part of
/// it. A fault that was over by then has not kept that renewal from coming, nor any after it.
const LONGEST_LEASE_NS: u64 = 500_000_000 + 20_000_000;

pub(super) fn judge(history: &History, figures: &mut Figures) -> Vec<Wrong> {
    let ill = history.faults(Harm::Lease, 0);
    let mut wrong = Vec::new();
    for attempt in &history.attempts {
        let Some(lost) = attempt.lost_ns else {
            wrong.extend(never_told(history, attempt));
            continue;
        };
        figures.lost += 1;
        if history.was_starved(attempt.process(), lost.saturating_sub(LEASE_NS), lost) {
            continue;
        }
        if !history.was_blind(attempt.process(), lost.saturating_sub(LEASE_NS), lost) {
            // Who releases looks no more: what is said then is the release's answer, which takes its time.
            let noticed = attempt.release_ns.map_or(lost, |release| release.min(lost));
            let lag = Duration::from_nanos(noticed.saturating_sub(attempt.until_ns));
            figures.lags.push(lag);
            if lag > TOO_LATE {
                let text = format!("{lag:?} after the validity{}", history.story(&[&attempt.who]));
                wrong.push(Wrong { what: "a loss announced too late", text });
            }
        }
        // It was renewed, or taken, for the last time before the end of its validity, or before it was told that it is gone.
        let renewed = attempt.until_ns.min(lost).saturating_sub(LONGEST_LEASE_NS);
        if attempt.renews && !ill.touch(renewed.max(attempt.asked_ns), lost) {
            figures.false_losses += 1;
            wrong.push(Wrong { what: FALSE_LOSS, text: history.story(&[&attempt.who]) });
        }
    }
    wrong
}

/// A hold that went on past its validity as if nothing had been.
fn never_told(history: &History, attempt: &Attempt) -> Option<Wrong> {
    let released = attempt.release_ns.filter(|_| attempt.granted_ns.is_some())?;
    let blind = history.blind_ns(attempt.process(), attempt.until_ns, released);
    let past = Duration::from_nanos(released.saturating_sub(attempt.until_ns + blind));
    let text = || format!("not told {past:?} after the validity{}", history.story(&[&attempt.who]));
    (past > TOO_LATE).then(|| Wrong { what: "a loss announced too late", text: text() })
}

/// One of them is no proof on a machine without time to spare.
pub(crate) const FALSE_LOSS: &str = "a loss without a cause";

#[cfg(test)]
mod tests {
    use super::super::made::{MS, fault, held, judged};
    use super::*;
    use crate::soak::event::{Event, What};

    #[test]
    fn a_blocked_runtime_explains_a_late_announcement_and_no_loss() {
        let what = What::Blocked { for_ns: 400 * MS };
        let blocked = Event { at_ns: 6_100 * MS, who: "p1".to_owned(), what };
        let (wrong, figures) = judged(vec![lost_at(6_100), vec![blocked]], vec![]);
        assert_eq!(wrong, [FALSE_LOSS]);
        assert!(figures.lags.is_empty());
    }

    fn lost_at(ms: u64) -> Vec<Event> {
        let mut events = held("p1/1", "fair", 1, 5_000, 9_000);
        events.insert(2, Event { at_ns: ms * MS, who: "p1/1".to_owned(), what: What::Lost });
        events
    }

    #[test]
    fn a_loss_needs_a_fault_that_may_cost_a_lease() {
        assert_eq!(judged(vec![lost_at(5_100)], vec![]).0, [FALSE_LOSS]);
        assert_eq!(judged(vec![lost_at(5_100)], vec![fault(Harm::Nothing, 4_900, 5_200)]).0, [FALSE_LOSS]);
        assert!(judged(vec![lost_at(5_100)], vec![fault(Harm::Lease, 4_900, 5_000)]).0.is_empty());
        // It was over before this lock was asked for, or before it was renewed for the last time.
        assert_eq!(judged(vec![lost_at(5_100)], vec![fault(Harm::Lease, 4_000, 4_990)]).0, [FALSE_LOSS]);
        let mut renewed = lost_at(8_100);
        renewed.insert(
            2,
            Event { at_ns: 7_600 * MS, who: "p1/1".to_owned(), what: What::Valid { until_ns: 8_100 * MS } },
        );
        assert_eq!(judged(vec![renewed.clone()], vec![fault(Harm::Lease, 7_000, 7_500)]).0, [FALSE_LOSS]);
        assert!(judged(vec![renewed], vec![fault(Harm::Lease, 7_000, 7_590)]).0.is_empty());
    }

    #[test]
    fn a_loss_that_is_never_told_is_found() {
        // Valid until 5500.
        let until = |ms| judged(vec![held("p1/1", "fair", 1, 5_000, ms)], vec![]).0;
        assert!(until(5_650).is_empty());
        assert_eq!(until(5_750), ["a loss announced too late"]);
    }

    #[test]
    fn a_late_announcement_is_found() {
        let with = |ms| judged(vec![lost_at(ms)], vec![fault(Harm::Lease, 4_000, 7_000)]);
        let (wrong, figures) = with(5_600);
        assert!(wrong.is_empty());
        assert_eq!(figures.lags, [Duration::from_millis(100)]);
        assert_eq!(with(5_750).0, ["a loss announced too late"]);
    }
}
