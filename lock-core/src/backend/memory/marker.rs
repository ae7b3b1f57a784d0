//! Whether a red master's vote counts: the same rule as `scripts/red_master.lua`, where it stands why. For the simulation; a test
//! runs both.

/// What a red master loses with its data: of which process it is, and since when (ms) that is known to have forgotten nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Marker(pub(crate) Option<(String, u64)>);

impl Marker {
    /// Whether the master counts, which is the process `life` now; else in how many ms it does.
    pub(crate) fn counts(
        &mut self,
        life: &str,
        now_us: u64,
        longest_ms: u64,
        keeps_data: bool,
    ) -> Result<(), u64> {
        let (now_ms, now_up_ms) = (now_us / 1000, now_us.div_ceil(1000));
        let known =
            self.0.take().filter(|(of, since_ms)| (of == life || keeps_data) && *since_ms <= now_up_ms);
        let since_ms = known.map_or(now_up_ms, |(_, since_ms)| since_ms);
        self.0 = Some((life.to_owned(), since_ms));
        match (since_ms + longest_ms).checked_sub(now_ms) {
            None | Some(0) => Ok(()),
            Some(left_ms) => Err(left_ms),
        }
    }
}
