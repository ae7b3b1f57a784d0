//! Randomness that can be repeated.

/// A small generator (SplitMix64). Tests print its seed, so that a failure can be run again.
#[derive(Clone, Debug)]
pub struct Seed(u64);

impl Seed {
    /// The generator that begins at `seed`.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The seed in `LOCK_TEST_SEED`, else a fresh one; printed either way.
    #[must_use]
    pub fn from_environment() -> Self {
        let seed = std::env::var("LOCK_TEST_SEED")
            .ok()
            .map_or_else(crate::now_ns, |text| text.parse().expect("LOCK_TEST_SEED is a number"));
        eprintln!("seed: LOCK_TEST_SEED={seed}");
        Self(seed)
    }

    /// Any number.
    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number in `0..end`; 0 if `end` is 0.
    pub fn below(&mut self, end: u64) -> u64 {
        self.draw().checked_rem(end).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_numbers() {
        let (mut one, mut two) = (Seed::new(7), Seed::new(7));
        assert!((0..100).all(|_| one.below(1000) == two.below(1000)));
        assert_ne!(Seed::new(8).draw(), Seed::new(7).draw());
    }
}
