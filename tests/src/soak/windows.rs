//! Stretches of time in which something was the matter.

/// Stretches of time, in ns of [`now_ns`](crate::now_ns).
#[derive(Clone, Debug, Default)]
pub(super) struct Windows(Vec<(u64, u64)>);

impl Windows {
    pub(super) fn add(&mut self, from_ns: u64, until_ns: u64) {
        self.0.push((from_ns, until_ns));
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
