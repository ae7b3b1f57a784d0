//! Nobody beside a holder, and tokens that rise; what lost data and wrong clocks explain is counted apart.

use std::collections::BTreeMap;

use super::{Figures, History, LEASE_NS, Wrong};
use crate::soak::faults::Harm;
use crate::{Hold, Violation, check};

pub(super) fn judge(history: &History, figures: &mut Figures) -> Vec<Wrong> {
    let holds: Vec<Hold> = history.attempts.iter().flat_map(super::Attempt::holds).collect();
    let asked: BTreeMap<&str, u64> =
        history.attempts.iter().map(|attempt| (&*attempt.who, attempt.asked_ns)).collect();
    let lost_data = history.faults(Harm::DataLoss, LEASE_NS);
    let mut wrong = Vec::new();
    for violation in check(&holds) {
        let (what, one, two, explained, apart) = match &violation {
            Violation::Overlap(one, two) => {
                let explained = history.forgot(asked[&*one.who], two.from_ns, Harm::DataLoss);
                ("two holders", one, two, explained, &mut figures.overlaps_apart)
            }
            Violation::Token(one, two) => {
                // Of two grants that nothing kept apart the later one may be heard of first.
                let at_once = asked[&*two.who] < one.from_ns && lost_data.touch(two.from_ns, two.from_ns);
                // Masters of a red lock tell each other what they drew.
                let fell = !history.red && history.forgot(asked[&*one.who], two.from_ns, Harm::Clock);
                ("a token that did not rise", one, two, at_once || fell, &mut figures.regressions_apart)
            }
            // Not of this check.
            Violation::Overtaken(..) | Violation::Partly { .. } => continue,
        };
        if explained {
            *apart += 1;
        } else {
            wrong.push(Wrong { what, text: format!("{violation}{}", history.story(&[&one.who, &two.who])) });
        }
    }
    for attempt in &history.attempts {
        let Some(at) = attempt.fenced_ns.filter(|at| *at < attempt.end_ns()) else { continue };
        if !lost_data.touch(at, at) {
            wrong.push(Wrong { what: "a holder fenced off", text: history.story(&[&attempt.who]) });
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
    fn an_overlap_is_wrong_and_one_after_data_loss_is_counted_apart() {
        let two = || vec![held("p1/1", "write", 1, 100, 200), held("p2/1", "reentrant", 2, 150, 160)];
        assert_eq!(judged(two(), vec![]).0, ["two holders"]);
        for harm in [Harm::Nothing, Harm::Lease] {
            assert_eq!(judged(two(), vec![fault(harm, 120, 130)]).0, ["two holders"], "{harm:?}");
        }
        let (wrong, figures) = judged(two(), vec![fault(Harm::DataLoss, 120, 130)]);
        assert!(wrong.is_empty());
        assert_eq!(figures.overlaps_apart, 1);
        let later = vec![held("p1/1", "write", 1, 2_100, 2_200), held("p2/1", "fair", 2, 2_150, 2_160)];
        assert_eq!(judged(later, vec![fault(Harm::DataLoss, 120, 130)]).0, ["two holders"]);
    }

    #[test]
    fn a_token_that_falls_is_wrong_also_after_data_loss_but_not_under_a_wrong_clock() {
        let falls = || vec![held("p1/1", "write", 2, 100, 110), held("p2/1", "reentrant", 1, 150, 160)];
        assert_eq!(judged(falls(), vec![fault(Harm::DataLoss, 120, 130)]).0, ["a token that did not rise"]);
        let (wrong, figures) = judged(falls(), vec![fault(Harm::Clock, 120, 130)]);
        assert!(wrong.is_empty());
        assert_eq!(figures.regressions_apart, 1);
    }

    #[test]
    fn readers_share() {
        let beside = |kind| vec![held("p1/1", "read", 2, 100, 200), held("p2/1", kind, 1, 150, 160)];
        assert!(judged(beside("read-multi"), vec![]).0.is_empty());
        assert_eq!(judged(beside("write"), vec![]).0, ["two holders", "a token that did not rise"]);
    }

    #[test]
    fn who_still_held_must_not_be_fenced_off() {
        let fenced = |at| Event { at_ns: at * MS, who: "p1/1".to_owned(), what: What::Fenced };
        let with = |at| judged(vec![held("p1/1", "fair", 1, 100, 200), vec![fenced(at)]], vec![]).0;
        assert_eq!(with(150), ["a holder fenced off"]);
        assert!(with(250).is_empty());
    }
}
