//! Calls that failed where nothing was wrong. "Busy" is no failure.

use super::{History, RECOVERY_NS, Wrong};
use crate::soak::faults::Harm;

/// One of them is no proof on a machine without time to spare.
pub(crate) const FALSE_FAILURE: &str = "a failure without a cause";

pub(super) fn judge(history: &History) -> Vec<Wrong> {
    let ill = history.faults(Harm::Nothing, RECOVERY_NS);
    let mut wrong = Vec::new();
    for attempt in &history.attempts {
        let Some((at, class)) = &attempt.gave_up else { continue };
        // Granted at the very end of its wait, which left the replicas no time.
        let late = class == "unconfirmed" && *at >= attempt.asked_ns + attempt.wait_ns;
        let meant = late || matches!(&**class, "busy" | "dropped");
        let blind = history.was_blind(attempt.process(), attempt.asked_ns, *at);
        if !(meant || blind || ill.touch(attempt.asked_ns, *at)) {
            let text = format!("{class}{}", history.story(&[&attempt.who]));
            wrong.push(Wrong { what: FALSE_FAILURE, text });
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
    fn a_failure_needs_a_fault() {
        let with = |class: &str, struck| {
            let mut events = held("p1/1", "fair", 1, 5_000, 5_010);
            let what = What::GaveUp { class: class.to_owned() };
            events.splice(1.., [Event { at_ns: 5_100 * MS, who: "p1/1".to_owned(), what }]);
            judged(vec![events], struck).0
        };
        assert_eq!(with("unavailable", vec![]), ["a failure without a cause"]);
        assert!(with("unavailable", vec![fault(Harm::Nothing, 5_020, 5_300)]).is_empty());
        assert!(!with("busy", vec![]).contains(&FALSE_FAILURE), "that is looked into elsewhere");
        assert!(with("unconfirmed", vec![]).is_empty());
    }
}
