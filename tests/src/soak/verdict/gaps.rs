//! For how long nobody could acquire anything.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{History, RECOVERY_NS};

/// What it is like before the first fault.
pub(crate) const NOTHING: &str = "(nothing yet)";

/// For each kind of fault the longest time without any grant, from each of its strikes until a while after its end.
pub(super) fn after(history: &History) -> BTreeMap<&'static str, Vec<Duration>> {
    let mut grants: Vec<u64> = history.attempts.iter().filter_map(|attempt| attempt.granted_ns).collect();
    grants.sort_unstable();
    let mut gaps: BTreeMap<&'static str, Vec<Duration>> = BTreeMap::new();
    if let Some(first) = history.struck.iter().map(|struck| struck.from_ns).min() {
        let quiet: Vec<u64> = grants.iter().copied().take_while(|at| *at < first).collect();
        let longest = quiet.windows(2).map(|pair| pair[1] - pair[0]).max();
        gaps.entry(NOTHING).or_default().extend(longest.map(Duration::from_nanos));
    }
    for struck in &history.struck {
        let until = struck.until_ns + RECOVERY_NS;
        let before = grants.partition_point(|at| *at < struck.from_ns);
        let within = grants[before..].iter().copied().take_while(|at| *at < until);
        let first_behind = grants[before..].iter().copied().find(|at| *at >= until).unwrap_or(until);
        let moments: Vec<u64> = std::iter::once(struck.from_ns).chain(within).chain([first_behind]).collect();
        let longest = moments.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap_or(0);
        gaps.entry(struck.name).or_default().push(Duration::from_nanos(longest));
    }
    gaps
}

#[cfg(test)]
mod tests {
    use super::super::made::{fault, held, history};
    use super::*;
    use crate::soak::faults::Harm;

    #[test]
    fn it_is_between_grants_around_the_fault() {
        let grants = [100, 1_000, 1_100, 1_900, 2_000, 3_400, 9_000];
        let holds = grants.map(|from| held(&format!("p1/{from}"), "fair", from, from, from + 1));
        let gaps = after(&history(holds.into(), vec![fault(Harm::Lease, 1_050, 1_800)]));
        assert_eq!(gaps[NOTHING], [Duration::from_millis(900)]);
        assert_eq!(gaps["a fault"], [Duration::from_millis(1_400)]);
    }
}
