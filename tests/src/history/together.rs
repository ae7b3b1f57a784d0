//! Several locks together: all or none.

use std::collections::{BTreeMap, BTreeSet};

use super::{Hold, Violation};

/// Everybody who held some of the names that it asked for and not the others, or one that it did not ask for. `asked` says
/// for each [`Hold::who`] what it asked for; not to have held any is right.
#[must_use]
pub fn check_together(asked: &BTreeMap<String, BTreeSet<String>>, holds: &[Hold]) -> Vec<Violation> {
    let mut held: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for hold in holds {
        held.entry(&hold.who).or_default().insert(&hold.name);
    }
    let of_nobody = BTreeSet::new();
    let mut wrong = Vec::new();
    for (who, names) in held {
        let asked = asked.get(who).unwrap_or(&of_nobody);
        if !asked.iter().map(String::as_str).eq(names.iter().copied()) {
            wrong.push(Violation::Partly {
                who: who.to_owned(),
                asked: asked.iter().cloned().collect(),
                held: names.into_iter().map(str::to_owned).collect(),
            });
        }
    }
    wrong
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(of: &[(&str, &[&str])]) -> BTreeMap<String, BTreeSet<String>> {
        of.iter()
            .map(|(who, names)| ((*who).to_owned(), names.iter().map(|name| (*name).to_owned()).collect()))
            .collect()
    }

    fn hold(who: &str, name: &str) -> Hold {
        let (name, who) = (name.to_owned(), who.to_owned());
        Hold { name, who, token: 1, shared: false, from_ns: 0, until_ns: 1 }
    }

    #[test]
    fn all_or_none_is_right() {
        let asked = asked(&[("one", &["a", "b"]), ("two", &["b", "c"])]);
        assert_eq!(check_together(&asked, &[hold("one", "b"), hold("one", "a")]), []);
    }

    #[test]
    fn some_too_many_and_strangers_are_found() {
        let asked = asked(&[("one", &["a", "b"])]);
        for wrong in [
            &[hold("one", "a")][..],
            &[hold("one", "a"), hold("one", "b"), hold("one", "c")],
            &[hold("one", "a"), hold("one", "c")],
            &[hold("two", "a"), hold("two", "b")],
        ] {
            assert!(matches!(check_together(&asked, wrong)[..], [Violation::Partly { .. }]), "{wrong:?}");
        }
    }
}
