//! What the locks protect: a number that is read, and written a while later.

/// One number, kept twice: once by whoever writes, once only by who has the highest token with which it was claimed so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Register {
    plain: u64,
    fenced: u64,
    highest: u64,
}

/// How often what was written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) writes: u64,
    /// Writes by somebody who is not the latest any more, or after somebody else wrote.
    pub(super) stale: u64,
    /// Of these, updates of the plain register that were lost.
    pub(super) plain_lost: u64,
    pub(super) fenced_refused: u64,
    /// Updates of the fenced register that were lost: there must be none.
    pub(super) fenced_lost: u64,
}

impl Register {
    /// Claims it with the read, as users are told to (`UPDATE .. SET lock_token = $1 .. WHERE lock_token <= $1 RETURNING ..`):
    /// who claimed it with a lower token can't write any more. Both numbers, also to who came too late, and is refused at its write.
    pub(super) fn claim(&mut self, token: u64) -> (u64, u64) {
        self.highest = self.highest.max(token);
        (self.plain, self.fenced)
    }

    /// Writes the numbers that follow those which were read, the fenced one only where the latest claim is that of the same token
    /// (`.. WHERE lock_token = $1`); says whether the fence let it pass.
    pub(super) fn write(&mut self, token: u64, read: (u64, u64), tally: &mut Tally) -> bool {
        let passes = token == self.highest;
        let plain_changed = read.0 != self.plain;
        tally.writes += 1;
        tally.stale += u64::from(!passes || plain_changed);
        tally.plain_lost += u64::from(plain_changed);
        tally.fenced_refused += u64::from(!passes);
        self.plain += 1;
        if passes {
            tally.fenced_lost += u64::from(read.1 != self.fenced);
            self.fenced += 1;
        }
        passes
    }
}

impl Tally {
    pub(super) fn to_line(self) -> String {
        let Self { writes, stale, plain_lost, fenced_refused, fenced_lost } = self;
        format!("{writes} {stale} {plain_lost} {fenced_refused} {fenced_lost}\n")
    }

    pub(super) fn of_line(line: &str) -> Option<Self> {
        let numbers: Vec<u64> = line.split_whitespace().map_while(|number| number.parse().ok()).collect();
        let [writes, stale, plain_lost, fenced_refused, fenced_lost] = numbers[..] else { return None };
        Some(Self { writes, stale, plain_lost, fenced_refused, fenced_lost })
    }

    pub(super) fn add(&mut self, other: Self) {
        self.writes += other.writes;
        self.stale += other.stale;
        self.plain_lost += other.plain_lost;
        self.fenced_refused += other.fenced_refused;
        self.fenced_lost += other.fenced_lost;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_after_the_other_loses_nothing() {
        let (mut register, mut tally) = (Register::default(), Tally::default());
        for token in 1..10 {
            let read = register.claim(token);
            assert!(register.write(token, read, &mut tally));
        }
        assert_eq!(tally, Tally { writes: 9, ..Tally::default() });
    }

    #[test]
    fn who_slept_between_reading_and_writing_loses_an_update_of_the_plain_register_alone() {
        let (mut register, mut tally) = (Register::default(), Tally::default());
        let slept = register.claim(1);
        let read = register.claim(2);
        assert!(register.write(2, read, &mut tally));
        assert!(!register.write(1, slept, &mut tally));
        let expected = Tally { writes: 2, stale: 1, plain_lost: 1, fenced_refused: 1, fenced_lost: 0 };
        assert_eq!(tally, expected);
        assert_eq!(Tally::of_line(&tally.to_line()), Some(expected));
    }

    #[test]
    fn two_holders_with_one_token_show_in_the_fenced_register() {
        let (mut register, mut tally) = (Register::default(), Tally::default());
        let (one, two) = (register.claim(1), register.claim(1));
        register.write(1, one, &mut tally);
        register.write(1, two, &mut tally);
        assert_eq!(tally.fenced_lost, 1);
    }
}
