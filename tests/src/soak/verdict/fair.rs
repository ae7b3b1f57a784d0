//! First come, first served, among those whose arrival is certain.

use super::{Attempt, Figures, History, Wrong};
use crate::soak::faults::Harm;
use crate::{Arrival, Hold, Violation, check_order};

/// In quiet times a request is in the queue by then.
const QUEUED_NS: u64 = 300_000_000;
/// Who was in the queue while something struck may have lost its place.
const RECOVERY_NS: u64 = 1_000_000_000;

pub(super) fn judge(history: &History, figures: &mut Figures) -> Vec<Wrong> {
    let ill = history.faults(Harm::Nothing, RECOVERY_NS);
    let quiet = |attempt: &&Attempt| {
        attempt.kind == "fair"
            && attempt.granted_ns.is_some_and(|granted| {
                let until = granted.max(attempt.asked_ns + QUEUED_NS);
                !ill.touch(attempt.asked_ns, until)
                    && !history.was_blind(attempt.process(), attempt.asked_ns, until)
            })
    };
    let of_quiet_times: Vec<&Attempt> = history.attempts.iter().filter(quiet).collect();
    let arrival = |attempt: &&Attempt| Arrival {
        name: attempt.names[0].clone(),
        who: attempt.who.clone(),
        asked_ns: attempt.asked_ns,
        queued_ns: attempt.asked_ns + QUEUED_NS,
    };
    let arrivals: Vec<Arrival> = of_quiet_times.iter().map(arrival).collect();
    let holds: Vec<Hold> = of_quiet_times.iter().flat_map(|attempt| attempt.holds()).collect();
    // Both in the queue at once: otherwise the order is no merit.
    let judged = |one: &&Attempt, two: &&Attempt| {
        one.names == two.names
            && one.asked_ns + QUEUED_NS < two.asked_ns
            && one.granted_ns.is_some_and(|granted| two.asked_ns < granted)
    };
    for one in &of_quiet_times {
        figures.fair_pairs += of_quiet_times.iter().filter(|two| judged(one, two)).count() as u64;
    }
    let overtaken = |violation: Violation| {
        let Violation::Overtaken(one, two) = &violation else { return None };
        Some(Wrong {
            what: "overtaken",
            text: format!("{violation}{}", history.story(&[&one.who, &two.who])),
        })
    };
    check_order(&arrivals, &holds).into_iter().filter_map(overtaken).collect()
}

#[cfg(test)]
mod tests {
    use super::super::made::{MS, fault, held, judged};
    use super::*;
    use crate::soak::event::Event;

    fn asked(ms: u64, who: &str, token: u64, from: u64) -> Vec<Event> {
        let mut events = held(who, "fair", token, from, from + 10);
        events[0].at_ns = ms * MS;
        events
    }

    #[test]
    fn who_came_later_and_was_served_first_is_found() {
        let inverted = || vec![asked(100, "p1/1", 2, 900), asked(500, "p2/1", 1, 800)];
        assert_eq!(judged(inverted(), vec![]).0, ["overtaken"]);
        assert!(judged(inverted(), vec![fault(Harm::Nothing, 300, 310)]).0.is_empty());
        let (wrong, figures) = judged(vec![asked(100, "p1/1", 1, 800), asked(500, "p2/1", 2, 900)], vec![]);
        assert!(wrong.is_empty());
        assert_eq!(figures.fair_pairs, 1);
    }

    #[test]
    fn nobody_knows_who_came_first_of_two_who_came_together() {
        assert!(judged(vec![asked(100, "p1/1", 2, 900), asked(150, "p2/1", 1, 800)], vec![]).0.is_empty());
    }
}
