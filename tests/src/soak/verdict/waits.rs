//! Waits that end by their deadline.

use std::time::Duration;

use super::{Figures, History, RECOVERY_NS, Wrong};
use crate::soak::faults::Harm;

/// A first attempt may take this long, whatever the wait is, if the server does not answer.
const REQUEST_NS: u64 = 1_000_000_000;
/// Later than this is too late: several names are given back by 50 ms after the deadline, and each of two threads, the engine's
/// and that of the task, may be kept from running for 60 ms without its being noted.
const TOO_LATE: Duration = Duration::from_millis(200);

pub(super) fn judge(history: &History, figures: &mut Figures) -> Vec<Wrong> {
    let ill = history.faults(Harm::Nothing, RECOVERY_NS);
    let mut wrong = Vec::new();
    for attempt in &history.attempts {
        let Some(decided) = attempt.decided_ns() else { continue };
        let blind = history.blind_ns(attempt.process(), attempt.asked_ns, decided);
        // Where the server answers, nobody waits for the limit of a request.
        let answered = !ill.touch(attempt.asked_ns, decided);
        let wait = if answered { attempt.wait_ns } else { attempt.wait_ns.max(REQUEST_NS) };
        let past = Duration::from_nanos(decided.saturating_sub(attempt.asked_ns + wait + blind));
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
    use super::super::made::{MS, fault, held, judged};
    use super::*;
    use crate::soak::event::{Event, What};

    #[test]
    fn a_wait_that_lasts_past_its_deadline_is_found_unless_the_process_stood_still() {
        let waited = |ms: u64| {
            let mut events = held("p1/1", "fair", 1, 10_000, 10_010);
            events[0].at_ns = (10_000 - ms) * MS;
            events
        };
        let near = || vec![fault(Harm::Nothing, 9_000, 9_100)];
        assert!(judged(vec![waited(150)], vec![]).0.is_empty());
        assert_eq!(judged(vec![waited(250)], vec![]).0, ["a wait past its deadline"], "the server answers");
        let (wrong, figures) = judged(vec![waited(1_150)], near());
        assert!(wrong.is_empty());
        assert_eq!(figures.longest_wait_past, Duration::from_millis(150));
        assert_eq!(judged(vec![waited(1_250)], near()).0, ["a wait past its deadline"]);
        let what = What::Starved { for_ns: 1_000 * MS };
        let stood_still = vec![Event { at_ns: 9_900 * MS, who: "p1".to_owned(), what }];
        assert!(judged(vec![waited(1_150), stood_still.clone()], vec![]).0.is_empty());
        assert_eq!(judged(vec![waited(1_300), stood_still], vec![]).0, ["a wait past its deadline"]);
    }
}
