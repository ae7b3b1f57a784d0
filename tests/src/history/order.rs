//! First come, first served.

use std::collections::BTreeMap;

use super::{Hold, Violation};

/// When somebody began to wait, as far as that can be told from outside: not before it asked, and not after it was seen
/// in the queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// For which lock.
    pub name: String,
    /// As in [`Hold::who`]; whoever waits more than once needs more than one name.
    pub who: String,
    /// It had not asked before.
    pub asked_ns: u64,
    /// It was in the queue by then.
    pub queued_ns: u64,
}

/// Everybody who got a lock before somebody who certainly came earlier. Who never got it was not overtaken: it gave up, or
/// died.
#[must_use]
pub fn check_order(arrivals: &[Arrival], holds: &[Hold]) -> Vec<Violation> {
    // By token: the order of the grants, while `from_ns` is when their holders were awake to see them.
    let granted: BTreeMap<(&str, &str), u64> =
        holds.iter().map(|hold| ((&*hold.name, &*hold.who), hold.token)).collect();
    let token = |arrival: &Arrival| granted.get(&(&*arrival.name, &*arrival.who)).copied();
    let served: Vec<(&Arrival, u64)> =
        arrivals.iter().filter_map(|arrival| Some((arrival, token(arrival)?))).collect();
    let mut wrong = Vec::new();
    for (first, first_token) in &served {
        for (second, second_token) in &served {
            let later = first.name == second.name && first.queued_ns < second.asked_ns;
            if later && second_token < first_token {
                wrong.push(Violation::Overtaken((*first).clone(), (*second).clone()));
            }
        }
    }
    wrong
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arrival(who: &str, asked_ns: u64, queued_ns: u64) -> Arrival {
        Arrival { name: "a".to_owned(), who: who.to_owned(), asked_ns, queued_ns }
    }

    fn hold(who: &str, token: u64) -> Hold {
        let (name, who) = ("a".to_owned(), who.to_owned());
        Hold { name, who, token, shared: false, from_ns: 1000 - token, until_ns: 2000 }
    }

    #[test]
    fn who_came_first_is_served_first() {
        let arrivals = [arrival("two", 20, 30), arrival("one", 0, 10), arrival("three", 40, 50)];
        assert_eq!(check_order(&arrivals, &[hold("three", 3), hold("one", 1), hold("two", 2)]), []);
    }

    #[test]
    fn one_who_overtook_is_found() {
        let (one, two) = (arrival("one", 0, 10), arrival("two", 20, 30));
        let wrong = check_order(&[two.clone(), one.clone()], &[hold("one", 2), hold("two", 1)]);
        assert_eq!(wrong, [Violation::Overtaken(one, two)]);
    }

    #[test]
    fn nobody_knows_who_came_first_of_two_who_came_at_once() {
        let arrivals = [arrival("one", 0, 20), arrival("two", 10, 30)];
        for (one, two) in [(1, 2), (2, 1)] {
            assert_eq!(check_order(&arrivals, &[hold("one", one), hold("two", two)]), []);
        }
    }

    #[test]
    fn who_gave_up_or_waited_for_another_lock_was_not_overtaken() {
        let other = Arrival { name: "b".to_owned(), ..arrival("other", 0, 10) };
        let arrivals = [arrival("gave up", 0, 10), other, arrival("two", 20, 30)];
        let of_other = Hold { name: "b".to_owned(), ..hold("other", 9) };
        assert_eq!(check_order(&arrivals, &[hold("two", 1), of_other]), []);
    }
}
