//! Nobody beside a holder who has the lock alone, and tokens that rise.

use std::collections::BTreeMap;

use super::{Hold, Violation};

/// Everything that is wrong with a history: of two holds of a name that overlap both must share it, and tokens rise from
/// hold to hold, except among readers, who may come to know of their holds in another order than they were given.
#[must_use]
pub fn check(holds: &[Hold]) -> Vec<Violation> {
    let mut by_name: BTreeMap<&str, Vec<&Hold>> = BTreeMap::new();
    for hold in holds {
        by_name.entry(&hold.name).or_default().push(hold);
    }
    let mut wrong = Vec::new();
    for of_name in by_name.values_mut() {
        of_name.sort_by_key(|hold| (hold.from_ns, hold.until_ns));
        let (mut alone, mut shared) = (Before::default(), Before::default());
        for hold in of_name.iter().copied() {
            let in_its_way: &[&Before<'_>] = if hold.shared { &[&alone] } else { &[&alone, &shared] };
            for before in in_its_way {
                before.judge(hold, &mut wrong);
            }
            if hold.shared { &mut shared } else { &mut alone }.note(hold);
        }
    }
    wrong
}

/// The holds that began before, as far as they can still be in anybody's way.
#[derive(Default)]
struct Before<'a> {
    /// The one that lasts longest so far: a hold inside a long one is found behind any number of short ones.
    lasting: Option<&'a Hold>,
    highest: Option<&'a Hold>,
}

impl<'a> Before<'a> {
    fn judge(&self, hold: &Hold, wrong: &mut Vec<Violation>) {
        if let Some(before) = self.lasting.filter(|before| hold.from_ns < before.until_ns) {
            wrong.push(Violation::Overlap(before.clone(), hold.clone()));
        }
        if let Some(before) = self.highest.filter(|before| hold.token <= before.token) {
            wrong.push(Violation::Token(before.clone(), hold.clone()));
        }
    }

    fn note(&mut self, hold: &'a Hold) {
        self.lasting = self.lasting.filter(|before| before.until_ns >= hold.until_ns).or(Some(hold));
        self.highest = self.highest.filter(|before| before.token >= hold.token).or(Some(hold));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Seed;

    fn hold(name: &str, token: u64, from_ns: u64, until_ns: u64) -> Hold {
        Hold { name: name.to_owned(), who: token.to_string(), token, shared: false, from_ns, until_ns }
    }

    #[test]
    fn holds_one_after_the_other_are_right() {
        let holds = [hold("a", 3, 20, 30), hold("a", 1, 0, 10), hold("a", 2, 10, 20), hold("b", 1, 5, 25)];
        assert_eq!(check(&holds), []);
    }

    #[test]
    fn an_overlap_is_found() {
        let (one, two) = (hold("a", 1, 0, 11), hold("a", 2, 10, 20));
        assert_eq!(check(&[two.clone(), one.clone()]), [Violation::Overlap(one, two)]);
    }

    #[test]
    fn an_overlap_with_a_long_hold_is_found_behind_short_ones() {
        let (long, last) = (hold("a", 1, 0, 100), hold("a", 4, 90, 95));
        let holds = [long.clone(), hold("a", 2, 200, 210), last.clone(), hold("a", 3, 20, 20)];
        let wrong = check(&holds);
        assert!(wrong.contains(&Violation::Overlap(long, last)), "{wrong:?}");
    }

    #[test]
    fn a_token_that_does_not_rise_is_found() {
        for token in [1, 2] {
            let (one, two) = (hold("a", 2, 0, 10), hold("a", token, 10, 20));
            assert_eq!(check(&[one.clone(), two.clone()]), [Violation::Token(one, two)]);
        }
    }

    #[test]
    fn planted_overlaps_are_found_in_long_histories() {
        let mut seed = Seed::new(20);
        for _ in 0..200 {
            let mut at = 0;
            let mut holds: Vec<Hold> = (1..100)
                .map(|token| {
                    let from = at + seed.below(5);
                    at = from + 1 + seed.below(50);
                    hold("a", token, from, at)
                })
                .collect();
            assert_eq!(check(&holds), []);
            let place = usize::try_from(seed.below(98)).expect("small");
            holds[place].until_ns = holds[place + 1].from_ns + 1;
            assert!(matches!(check(&holds)[..], [Violation::Overlap(..)]));
        }
    }

    fn reader(token: u64, from_ns: u64, until_ns: u64) -> Hold {
        Hold { shared: true, ..hold("a", token, from_ns, until_ns) }
    }

    #[test]
    fn readers_may_overlap_and_learn_of_their_holds_in_any_order() {
        let holds =
            [reader(3, 0, 50), reader(1, 10, 20), reader(2, 30, 90), hold("a", 4, 90, 95), reader(5, 95, 99)];
        assert_eq!(check(&holds), []);
    }

    #[test]
    fn a_writer_beside_a_reader_is_found_whoever_came_first() {
        for (one, two) in [(reader(1, 0, 11), hold("a", 2, 10, 20)), (hold("a", 1, 0, 11), reader(2, 10, 20))]
        {
            assert_eq!(check(&[two.clone(), one.clone()]), [Violation::Overlap(one, two)]);
        }
    }

    #[test]
    fn a_writer_beside_a_long_reader_is_found_behind_short_ones() {
        let (long, writer) = (reader(1, 0, 100), hold("a", 4, 90, 95));
        let holds = [long.clone(), reader(2, 10, 20), reader(3, 30, 40), writer.clone()];
        assert_eq!(check(&holds), [Violation::Overlap(long, writer)]);
    }

    #[test]
    fn a_token_that_does_not_rise_between_reader_and_writer_is_found() {
        for token in [1, 2] {
            let (one, two) = (reader(2, 0, 10), hold("a", token, 10, 20));
            assert_eq!(check(&[one.clone(), two.clone()]), [Violation::Token(one, two)]);
            let (one, two) = (hold("a", 2, 0, 10), reader(token, 10, 20));
            assert_eq!(check(&[one.clone(), two.clone()]), [Violation::Token(one, two)]);
        }
    }

    /// Beside the quick check a slow one that compares every two.
    #[test]
    fn the_sweep_finds_what_comparing_every_two_finds() {
        let mut seed = Seed::new(7);
        let (mut good, mut bad) = (0, 0);
        for _ in 0..2_000 {
            let holds: Vec<Hold> = (0..6)
                .map(|token| {
                    let from = token * 4 + seed.below(6);
                    Hold { shared: seed.below(2) == 0, ..hold("a", token, from, from + seed.below(6)) }
                })
                .collect();
            let found = check(&holds).iter().any(|wrong| matches!(wrong, Violation::Overlap(..)));
            let pairs = holds.iter().flat_map(|one| holds.iter().map(move |two| (one, two)));
            let slow = pairs.filter(|(one, two)| one.token != two.token && !(one.shared && two.shared)).any(
                |(one, two)| {
                    (one.from_ns, one.until_ns) <= (two.from_ns, two.until_ns) && two.from_ns < one.until_ns
                },
            );
            assert_eq!(found, slow, "{holds:?}");
            if found { bad += 1 } else { good += 1 }
        }
        assert!(good > 100 && bad > 100, "{good} good, {bad} bad");
    }
}
