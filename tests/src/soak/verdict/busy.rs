//! "Busy" is said only of a lock that somebody else has.
//!
//! A call that was told "busy" found its lock taken by others: at the moment of the answer, if it tried once; all the time, if
//! it waited (a lock that stands free beside a waiter is as wrong). In quiet times each such moment has to be covered by a hold
//! that was recorded, or by what is left of one. While something strikes, and shortly after, some hold of others has to be
//! there that may have been in the way.

use super::{Attempt, Figures, History, LEASE_NS, RECOVERY_NS, Wrong};
use crate::soak::faults::Harm;

/// So much earlier than its grant was recorded, and so much later than its end, a hold may have been at the server in quiet
/// times. Its answer is on its way, the engine offers the lock to one local waiter after the other for 5 ms each, the task that
/// writes it down shares its thread with three others, and a delay of up to 60 ms is not noted as one.
const HAND_OVER_NS: u64 = 150_000_000;
/// A request is executed within 1 s of its sending or never; what it got then ends with its lease.
const LATE_COPY_NS: u64 = 1_000_000_000 + LEASE_NS;

pub(super) fn judge(history: &History, figures: &mut Figures) -> Vec<Wrong> {
    let ill = history.faults(Harm::Nothing, RECOVERY_NS);
    let mut wrong = Vec::new();
    for attempt in &history.attempts {
        let Some(at) = attempt.gave_up.as_ref().filter(|(_, class)| class == "busy").map(|(at, _)| *at)
        else {
            continue;
        };
        figures.busy += 1;
        let others = history.attempts.iter().filter(|other| stands_in_the_way(other, attempt));
        // Votes of several masters are shared among all who try.
        let quiet = !history.red
            && !ill.touch(attempt.asked_ns.saturating_sub(LATE_COPY_NS), at)
            && !history.was_blind(attempt.process(), attempt.asked_ns, at);
        let free = if quiet {
            figures.busy_in_quiet += 1;
            let taken: Vec<_> = others.map(|other| taken(history, other, attempt)).collect();
            // Who tried once was answered at some moment in between.
            if attempt.wait_ns <= HAND_OVER_NS {
                untouched(&taken, attempt.asked_ns, at)
            } else {
                first_gap(taken, attempt.asked_ns + HAND_OVER_NS, at)
            }
        } else {
            untouched(
                &others.filter_map(|other| may_have_taken(history, other)).collect::<Vec<_>>(),
                attempt.asked_ns,
                at,
            )
        };
        if let Some((from, until)) = free {
            let text = format!("nobody else had it from {from} to {until}{}", history.story(&[&attempt.who]));
            wrong.push(Wrong { what: "busy, and nobody held it", text });
        }
    }
    wrong
}

/// Whether a hold of the one keeps the other from one of its names.
fn stands_in_the_way(other: &Attempt, attempt: &Attempt) -> bool {
    let both_read = other.reads() && attempt.reads();
    other.who != attempt.who && !both_read && other.names.iter().any(|name| attempt.names.contains(name))
}

/// From when to when it kept `attempt` from its names, in quiet times.
fn taken(history: &History, other: &Attempt, attempt: &Attempt) -> (u64, u64) {
    let blind = |from, until| history.was_blind(other.process(), from, until);
    let of_lease = other.until_ns.max(other.last_ns) + LEASE_NS;
    let Some(decided) = other.decided_ns() else {
        // Its process died.
        return (other.asked_ns, of_lease);
    };
    // Of several names the first are held while the next is waited for. Readers wait behind one who wants the lock alone as behind
    // one who has it. A process that stood still may have been given it at any time.
    let early = other.names.len() > 1 || attempt.reads() || blind(other.asked_ns, decided);
    let from = if early { other.asked_ns } else { decided.saturating_sub(HAND_OVER_NS) };
    let freed = match (&other.answered, other.release_ns, other.lost_ns) {
        // It was given the lock at the end of its wait, and gave it back.
        _ if other.granted_ns.is_none() => Some(decided),
        (Some((at, outcome)), ..) if outcome == "freed" => Some(*at),
        // In the background, by its own process.
        (None, Some(at), None) if !blind(at, at + HAND_OVER_NS) => Some(at),
        // Its process died, or was not told: then the lease is over some time.
        _ => None,
    };
    let until = freed.map_or(of_lease, |at| at + HAND_OVER_NS);
    (from, until.max(other.kept_until_ns() + HAND_OVER_NS))
}

/// From when to when it may have kept others from its names where requests and answers are lost or late. `None`: never, as it was
/// told itself.
fn may_have_taken(history: &History, other: &Attempt) -> Option<(u64, u64)> {
    // What too few replicas have acknowledged is no hold.
    if other.gave_up.as_ref().is_some_and(|(_, class)| class == "unconfirmed") {
        return None;
    }
    let last = other.until_ns.max(other.last_ns).max(other.kept_until_ns());
    let until = last + LATE_COPY_NS + RECOVERY_NS;
    // A server that stood still, or whose clock was set back, ends no lease meanwhile.
    let slowed =
        history.struck.iter().filter(|struck| struck.from_ns <= until && other.asked_ns <= struck.until_ns);
    let later = slowed.map(|struck| struck.until_ns + LATE_COPY_NS + RECOVERY_NS).max();
    Some((other.asked_ns, until.max(later.unwrap_or(0))))
}

/// The whole stretch, unless any of `taken` has a moment in common with it.
fn untouched(taken: &[(u64, u64)], from: u64, until: u64) -> Option<(u64, u64)> {
    (!taken.iter().any(|(since, end)| *since <= until && from <= *end)).then_some((from, until))
}

/// The first part of the stretch that none of `taken` covers.
fn first_gap(mut taken: Vec<(u64, u64)>, from: u64, until: u64) -> Option<(u64, u64)> {
    taken.sort_unstable();
    let mut free_from = from;
    for (since, end) in taken {
        if since > free_from {
            return (free_from < until).then_some((free_from, since.min(until)));
        }
        free_from = free_from.max(end);
    }
    (free_from < until).then_some((free_from, until))
}

#[cfg(test)]
mod tests {
    use super::super::made::{MS, fault, held, judged};
    use super::*;
    use crate::soak::event::{Event, What};

    const WRONG: &str = "busy, and nobody held it";

    fn event(who: &str, at: u64, what: What) -> Event {
        Event { at_ns: at * MS, who: who.to_owned(), what }
    }

    /// Asked then, in ms, and told "busy" at the end of its wait.
    fn busy(kind: &str, asked: u64, wait: u64) -> Vec<Event> {
        let mut events = held("p9/1", kind, 1, asked + 1, asked + 2);
        events.truncate(1);
        if let What::Asked { wait_ns, .. } = &mut events[0].what {
            *wait_ns = wait * MS;
        }
        events.push(event("p9/1", asked + wait.max(2), What::GaveUp { class: "busy".to_owned() }));
        events
    }

    /// Held and freed, with the server's word.
    fn freed(who: &str, kind: &str, token: u64, from: u64, until: u64) -> Vec<Event> {
        let mut events = held(who, kind, token, from, until);
        events.push(event(who, until + 1, What::Answered { outcome: "freed".to_owned() }));
        let valid = What::Valid { until_ns: (until + 300) * MS };
        events.insert(2, event(who, until - 1, valid));
        events
    }

    fn with(others: Vec<Vec<Event>>, busy: Vec<Event>) -> Vec<&'static str> {
        judged(others.into_iter().chain([busy]).collect(), vec![]).0
    }

    #[test]
    fn a_try_that_found_nobody_was_not_busy() {
        assert_eq!(with(vec![], busy("fair", 5_000, 0)), [WRONG]);
        assert!(with(vec![freed("p1/1", "fair", 1, 4_900, 5_050)], busy("fair", 5_000, 0)).is_empty());
        // Freed 300 ms before, though its lease would have run on until now.
        assert_eq!(with(vec![freed("p1/1", "fair", 1, 4_500, 4_700)], busy("fair", 5_000, 0)), [WRONG]);
    }

    #[test]
    fn a_lock_that_stood_free_during_a_wait_was_not_busy() {
        let one = || freed("p1/1", "fair", 1, 4_900, 5_500);
        let two = |from| freed("p2/1", "write", 2, from, 6_100);
        assert!(with(vec![one(), two(5_550)], busy("fair", 5_000, 1_000)).is_empty());
        assert_eq!(with(vec![one(), two(5_950)], busy("fair", 5_000, 1_000)), [WRONG]);
        assert_eq!(with(vec![one()], busy("fair", 5_000, 1_000)), [WRONG]);
    }

    #[test]
    fn who_waits_for_nothing_explains_nobodys_wait() {
        // Each of two waiters was told that the lock is busy, and nobody held it.
        let mut other = busy("fair", 5_000, 1_000);
        other.iter_mut().for_each(|event| event.who = "p1/1".to_owned());
        assert_eq!(with(vec![other], busy("fair", 5_000, 1_000)), [WRONG, WRONG]);
    }

    #[test]
    fn readers_are_in_the_way_of_writers_alone() {
        let reads = || freed("p1/1", "read", 1, 4_900, 5_100);
        assert!(with(vec![reads()], busy("write", 5_000, 0)).is_empty());
        assert_eq!(with(vec![reads()], busy("read", 5_000, 0)), [WRONG]);
        // But behind a writer that waits for the reader.
        let mut waits = freed("p2/1", "write", 2, 5_110, 5_120);
        waits[0].at_ns = 4_950 * MS;
        assert!(with(vec![reads(), waits], busy("read", 5_000, 0)).is_empty());
    }

    #[test]
    fn what_is_left_of_a_hold_explains_it() {
        let dies = |at| vec![held("p1/1", "fair", 1, at, at + 1)[..2].to_vec()];
        assert!(with(dies(4_600), busy("fair", 5_000, 0)).is_empty(), "its lease runs until 5100");
        assert_eq!(with(dies(3_000), busy("fair", 5_000, 0)), [WRONG]);
        let mut keeps = freed("p1/1", "fair", 1, 4_000, 4_100);
        if let What::Asked { least_ns, .. } = &mut keeps[0].what {
            *least_ns = 1_000 * MS;
        }
        assert!(with(vec![keeps], busy("fair", 5_000, 0)).is_empty(), "it is kept until 5000");
    }

    #[test]
    fn a_fault_does_not_explain_it_alone() {
        let near = |others| {
            judged([others, vec![busy("fair", 5_000, 0)]].concat(), vec![fault(Harm::Lease, 4_800, 4_900)]).0
        };
        assert_eq!(near(vec![]), [WRONG]);
        assert!(
            near(vec![freed("p1/1", "fair", 1, 4_500, 4_700)]).is_empty(),
            "its release may have been late"
        );
        let mut unconfirmed = busy("fair", 4_700, 100);
        unconfirmed.iter_mut().for_each(|event| event.who = "p1/1".to_owned());
        unconfirmed[1].what = What::GaveUp { class: "unconfirmed".to_owned() };
        assert_eq!(near(vec![unconfirmed]), [WRONG], "it was told itself that it had no lock");
    }
}
