//! Stretches of time in which something was the matter.

/// Stretches of time, in ns of [`now_ns`](crate::now_ns).
#[derive(Clone, Debug, Default)]
pub(super) struct Windows(Vec<(u64, u64)>);

impl Windows {
    pub(super) fn add(&mut self, from_ns: u64, until_ns: u64) {
        self.0.push((from_ns, until_ns));
    }

    /// How much of this stretch is in any of several.
    pub(super) fn covered<'a>(all: impl Iterator<Item = &'a Self>, from_ns: u64, until_ns: u64) -> u64 {
        let mut within: Vec<(u64, u64)> = all
            .flat_map(|windows| &windows.0)
            .map(|(from, until)| ((*from).max(from_ns), (*until).min(until_ns)))
            .filter(|(from, until)| from < until)
            .collect();
        within.sort_unstable();
        let (mut covered, mut end) = (0, from_ns);
        for (from, until) in within {
            covered += until.saturating_sub(from.max(end));
            end = end.max(until);
        }
        covered
    }

    /// Whether any of them has a moment in common with this stretch.
    pub(super) fn touch(&self, from_ns: u64, until_ns: u64) -> bool {
        self.0.iter().any(|(from, until)| *from <= until_ns && from_ns <= *until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_in_several_counts_once() {
        let (mut one, mut two) = (Windows::default(), Windows::default());
        one.add(10, 20);
        one.add(50, 60);
        two.add(15, 30);
        two.add(55, 57);
        let covered = |from, until| Windows::covered([&one, &two].into_iter(), from, until);
        assert_eq!([covered(0, 100), covered(12, 18), covered(25, 55), covered(31, 49)], [30, 6, 10, 0]);
    }

    #[test]
    fn a_stretch_is_touched_at_its_ends_and_from_within() {
        let mut windows = Windows::default();
        windows.add(10, 20);
        windows.add(50, 60);
        for (from, until, touched) in
            [(0, 9, false), (0, 10, true), (12, 13, true), (20, 30, true), (21, 49, false), (0, 99, true)]
        {
            assert_eq!(windows.touch(from, until), touched, "{from} to {until}");
        }
    }
}
