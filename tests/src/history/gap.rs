//! How long nobody could acquire.

use std::time::Duration;

use super::Hold;

/// The longest time between two grants of `name`, from the first to the last.
#[must_use]
pub fn longest_gap(holds: &[Hold], name: &str) -> Duration {
    let mut grants: Vec<u64> =
        holds.iter().filter(|hold| hold.name == name).map(|hold| hold.from_ns).collect();
    grants.sort_unstable();
    let longest = grants.windows(2).map(|pair| pair[1] - pair[0]).max();
    Duration::from_nanos(longest.unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_between_grants_of_that_name() {
        let hold = |name: &str, from_ns| {
            let (name, who) = (name.to_owned(), String::new());
            Hold { name, who, token: from_ns, shared: false, from_ns, until_ns: from_ns + 1 }
        };
        let holds = [hold("a", 50), hold("b", 20), hold("a", 0), hold("a", 10)];
        assert_eq!(longest_gap(&holds, "a"), Duration::from_nanos(40));
        assert_eq!(longest_gap(&holds, "b"), Duration::ZERO);
    }
}
