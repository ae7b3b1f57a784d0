//! Waits that end by their deadline.

use std::time::Duration;

use super::{Figures, History, Wrong};

/// A first attempt may take this long, whatever the wait is.
const REQUEST_NS: u64 = 1_000_000_000;
/// Later than this is too late on any machine that runs the process at all.
const TOO_LATE: Duration = Duration::from_secs(1);

pub(super) fn judge(history: &History, figures: &mut Figures) -> Vec<Wrong> {
    let mut wrong = Vec::new();
    for attempt in &history.attempts {
        let Some(decided) = attempt.decided_ns() else { continue };
        let blind = history.blind_ns(attempt.process(), attempt.asked_ns, decided);
        let past = decided.saturating_sub(attempt.asked_ns + attempt.wait_ns.max(REQUEST_NS) + blind);
        let past = Duration::from_nanos(past);
        figures.longest_wait_past = figures.longest_wait_past.max(past);
        if past > TOO_LATE {
            let text = format!("{past:?} past its deadline{}", history.story(&[&attempt.who]));
            wrong.push(Wrong { what: "a wait past its deadline", text });
        }
    }
    wrong
}

#[cfg(test)]
mod tests {
    use super::super::made::{MS, held, judged};
    use super::*;
    use crate::soak::event::{Event, What};

    #[test]
    fn a_wait_that_lasts_past_its_deadline_is_found_unless_the_process_stood_still() {
        let waited = |ms: u64| {
            let mut events = held("p1/1", "fair", 1, 10_000, 10_010);
            events[0].at_ns = (10_000 - ms) * MS;
            events
        };
        assert!(judged(vec![waited(900)], vec![]).0.is_empty());
        let (wrong, figures) = judged(vec![waited(1_400)], vec![]);
        assert!(wrong.is_empty());
        assert_eq!(figures.longest_wait_past, Duration::from_millis(400));
        assert_eq!(judged(vec![waited(2_100)], vec![]).0, ["a wait past its deadline"]);
        let what = What::Starved { for_ns: 1_200 * MS };
        let stood_still = vec![Event { at_ns: 9_900 * MS, who: "p1".to_owned(), what }];
        assert!(judged(vec![waited(2_100), stood_still.clone()], vec![]).0.is_empty());
        assert_eq!(judged(vec![waited(3_500), stood_still], vec![]).0, ["a wait past its deadline"]);
    }
}
