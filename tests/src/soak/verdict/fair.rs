//! First come, first served: every call whose arrival is certain, against all that came later.
//!
//! The README promises it over processes, for all kinds but `red`, and whatever befalls the server. What it does not promise, and
//! is not judged: the order among readers, who are let in together; who a process passes its lock on to for 20 ms among its own
//! `reentrant` calls, if it had the lock before the other came; what a server forgot, until those who wait have asked again; and
//! places of those whom the server could not hear for too long, since their process stood still or was cut off alone.

use std::collections::BTreeMap;

use super::{Attempt, Figures, History, RECOVERY_NS, Wrong};
use crate::soak::faults::Harm;

/// A request is in the queue so long after it was asked for, if nothing strikes: it travels in a millisecond, and a delay of up to
/// 60 ms in either process is not noted as one.
const QUEUED_NS: u64 = 150_000_000;
/// Bits of a token that count how often a process passed one grant on.
const PASS_BITS: u32 = 11;

/// A grant of one name.
struct Granted<'a> {
    attempt: &'a Attempt,
    token: u64,
    granted_ns: u64,
}

impl Granted<'_> {
    /// It can be told when it came: nothing struck while it asked, and connections that were broken before are whole again.
    fn came_in_quiet(&self, history: &History) -> bool {
        let (asked, queued) = (self.attempt.asked_ns, self.attempt.asked_ns + QUEUED_NS);
        let ill = history.faults(Harm::Nothing, RECOVERY_NS);
        !ill.touch(asked, queued) && !history.was_blind(self.attempt.process(), asked, queued)
    }
}

pub(super) fn judge(history: &History, figures: &mut Figures) -> Vec<Wrong> {
    let mut by_name: BTreeMap<&str, Vec<Granted<'_>>> = BTreeMap::new();
    for attempt in history.attempts.iter().filter(|attempt| attempt.kind != "red" && attempt.from.is_none()) {
        let Some(granted_ns) = attempt.granted_ns else { continue };
        for (name, token) in &attempt.tokens {
            by_name.entry(name).or_default().push(Granted { attempt, token: *token, granted_ns });
        }
    }
    by_name.values().flat_map(|granted| judge_name(history, granted, figures)).collect()
}

fn judge_name(history: &History, granted: &[Granted<'_>], figures: &mut Figures) -> Vec<Wrong> {
    // Since when whoever had a grant first had asked for it.
    let mut first_asked: BTreeMap<u64, (u64, u64)> = BTreeMap::new();
    for it in granted {
        let first = first_asked.entry(it.token >> PASS_BITS).or_insert((it.token, it.attempt.asked_ns));
        *first = (*first).min((it.token, it.attempt.asked_ns));
    }
    // Whether this one, or the call from which it has the lock, came after that moment.
    let came_after = |it: &Granted<'_>, moment: u64| {
        it.attempt.asked_ns > moment && first_asked[&(it.token >> PASS_BITS)].1 > moment
    };
    // Its place is that of its process, which may be passed within itself; several names are waited for one after the other.
    let has_a_place = |it: &&Granted<'_>| matches!(&*it.attempt.kind, "fair" | "read" | "write");
    let mut wrong = Vec::new();
    for one in granted.iter().filter(has_a_place).filter(|one| one.came_in_quiet(history)) {
        let queued = one.attempt.asked_ns + QUEUED_NS;
        for two in granted.iter().filter(|two| came_after(two, queued)) {
            let both_read = one.attempt.reads() && two.attempt.reads();
            // Otherwise the order is no merit: it had the lock when the other came.
            let both_wait = two.attempt.asked_ns < one.granted_ns;
            if both_read || !both_wait || is_excused(history, one, two.granted_ns.max(one.granted_ns)) {
                continue;
            }
            figures.fair_pairs += 1;
            if two.token < one.token {
                let text = history.story(&[&one.attempt.who, &two.attempt.who]);
                wrong.push(Wrong { what: "overtaken", text });
            }
        }
    }
    wrong
}

/// Whether its place may have been lost between its arrival and then.
fn is_excused(history: &History, one: &Granted<'_>, until_ns: u64) -> bool {
    let asked = one.attempt.asked_ns;
    // A server that forgot, or whose clock ended what it knew; asked again within a second.
    history.faults(Harm::DataLoss, RECOVERY_NS).touch(asked, until_ns)
        || history.partings(RECOVERY_NS).touch(asked, until_ns)
        || history.was_blind(one.attempt.process(), asked, until_ns)
}

#[cfg(test)]
mod tests {
    use super::super::made::{MS, fault, held, judged};
    use super::*;
    use crate::soak::event::{Event, What};
    use crate::soak::nemesis::Struck;

    fn asked(ms: u64, who: &str, kind: &str, token: u64, from: u64) -> Vec<Event> {
        let mut events = held(who, kind, token << PASS_BITS, from, from + 10);
        events[0].at_ns = ms * MS;
        if let What::Asked { wait_ns, .. } = &mut events[0].what {
            *wait_ns = 3_000 * MS;
        }
        events
    }

    /// The one who came 400 ms later was served 100 ms earlier.
    fn inverted(one: &str, two: &str) -> Vec<Vec<Event>> {
        vec![asked(5_100, "p1/1", one, 2, 5_900), asked(5_500, "p2/1", two, 1, 5_800)]
    }

    #[test]
    fn who_came_later_and_was_served_first_is_found() {
        for (one, two) in [
            ("fair", "fair"),
            ("write", "read"),
            ("read", "write"),
            ("fair", "reentrant"),
            ("write", "multi"),
        ] {
            assert_eq!(judged(inverted(one, two), vec![]).0, ["overtaken"], "{one} {two}");
        }
        let (wrong, figures) = judged(
            vec![asked(5_100, "p1/1", "fair", 1, 5_800), asked(5_500, "p2/1", "fair", 2, 5_900)],
            vec![],
        );
        assert!(wrong.is_empty());
        assert_eq!(figures.fair_pairs, 1);
    }

    #[test]
    fn an_outage_costs_time_and_no_order() {
        for harm in [Harm::Nothing, Harm::Lease] {
            assert_eq!(judged(inverted("fair", "fair"), vec![fault(harm, 5_400, 5_600)]).0, ["overtaken"]);
            assert!(
                judged(inverted("fair", "fair"), vec![fault(harm, 5_050, 5_120)]).0.is_empty(),
                "as it came"
            );
        }
    }

    #[test]
    fn what_the_readme_does_not_promise_is_not_wanted() {
        for harm in [Harm::DataLoss, Harm::Clock] {
            assert!(judged(inverted("fair", "fair"), vec![fault(harm, 5_400, 5_600)]).0.is_empty());
        }
        let parting = Struck { parts_clients: true, ..fault(Harm::Lease, 5_400, 5_600) };
        assert!(judged(inverted("fair", "fair"), vec![parting]).0.is_empty());
        assert!(judged(inverted("read", "read"), vec![]).0.is_empty(), "readers together");
        let blocked = What::Blocked { for_ns: 100 * MS };
        let blocked = vec![Event { at_ns: 5_700 * MS, who: "p1".to_owned(), what: blocked }];
        let slept = inverted("fair", "fair").into_iter().chain([blocked]).collect();
        assert!(judged(slept, vec![]).0.is_empty());
    }

    #[test]
    fn a_process_passes_on_only_what_it_had_before() {
        let passed = |first_asked: u64| {
            let first = asked(first_asked, "p2/1", "reentrant", 1, 5_700);
            let mut next = asked(5_500, "p2/2", "reentrant", 1, 5_800);
            if let What::Granted { tokens, .. } = &mut next[1].what {
                tokens[0].1 += 1;
            }
            judged(vec![asked(5_100, "p1/1", "fair", 2, 5_900), first, next], vec![]).0
        };
        assert!(passed(5_050).is_empty());
        assert_eq!(passed(5_400), ["overtaken", "overtaken"]);
    }

    #[test]
    fn nobody_knows_who_came_first_of_two_who_came_together() {
        let together = vec![asked(5_100, "p1/1", "fair", 2, 5_900), asked(5_200, "p2/1", "fair", 1, 5_800)];
        assert!(judged(together, vec![]).0.is_empty());
    }
}
