//! Which fault comes next.

use super::faults::{FAULTS, Fault, Harm};
use super::scene::On;
use crate::Seed;

/// All faults of one topology, shuffled: none comes twice before each came once.
#[derive(Debug, Default)]
pub(super) struct Deck(Vec<&'static Fault>);

impl Deck {
    /// The next one; of those that lose no data, if `keep_data`.
    pub(super) fn draw(&mut self, on: On, keep_data: bool, seed: &mut Seed) -> &'static Fault {
        let fits = |fault: &&'static Fault| !keep_data || fault.harm < Harm::DataLoss;
        if !self.0.iter().any(fits) {
            let fresh = FAULTS.iter().copied().flatten().filter(|fault| fault.on.contains(&on));
            for fault in fresh {
                let place = usize::try_from(seed.below(self.0.len() as u64 + 1)).unwrap_or(0);
                self.0.insert(place, fault);
            }
        }
        let place = self.0.iter().position(fits).expect("every topology has faults that lose nothing");
        self.0.remove(place)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_fault_comes_before_any_comes_again() {
        for on in On::ALL {
            let all = FAULTS.iter().copied().flatten().filter(|fault| fault.on.contains(&on)).count();
            let (mut deck, mut seed) = (Deck::default(), Seed::new(1));
            let names: BTreeSet<_> = (0..all).map(|_| deck.draw(on, false, &mut seed).name).collect();
            assert_eq!(names.len(), all, "{on:?}");
        }
    }

    #[test]
    fn there_are_at_least_thirty_kinds_each_with_a_name_of_its_own() {
        let names: Vec<_> = FAULTS.iter().copied().flatten().map(|fault| fault.name).collect();
        let different: BTreeSet<_> = names.iter().collect();
        assert!(
            different.len() == names.len() && names.len() >= 30,
            "{} of {}",
            different.len(),
            names.len()
        );
    }

    #[test]
    fn data_is_kept_where_that_was_ordered() {
        let (mut deck, mut seed) = (Deck::default(), Seed::new(1));
        assert!((0..200).all(|_| deck.draw(On::Server, true, &mut seed).harm < Harm::DataLoss));
    }
}
