//! What the workers saw: every hold, by a clock that processes share.

use std::fmt;
use std::str::FromStr;

use rustix::time::{ClockId, clock_gettime};

/// `CLOCK_MONOTONIC`, in ns.
pub(super) fn now() -> u64 {
    let time = clock_gettime(ClockId::Monotonic);
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

/// One hold. Times are those of [`now`].
#[derive(Clone, Copy)]
pub(super) struct Hold {
    pub(super) process: u64,
    /// Rises from holder to holder.
    pub(super) token: u64,
    /// Before it was asked for.
    pub(super) wanted: u64,
    /// When its holder ran.
    pub(super) start: u64,
    /// Before its release was asked for.
    pub(super) end: u64,
}

impl Hold {
    /// Whether it was not passed on within its process: the lower bits of a token count that.
    pub(super) fn is_granted_by_server(&self) -> bool {
        self.token.trailing_zeros() >= 11
    }
}

/// As a worker prints it.
impl fmt::Display for Hold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { process, token, wanted, start, end } = self;
        write!(f, "{process} {token} {wanted} {start} {end}")
    }
}

impl FromStr for Hold {
    type Err = std::num::ParseIntError;

    fn from_str(line: &str) -> Result<Self, Self::Err> {
        let mut numbers = line.split(' ').map(str::parse);
        let mut next = || numbers.next().unwrap_or("".parse());
        Ok(Self { process: next()?, token: next()?, wanted: next()?, start: next()?, end: next()? })
    }
}

/// All holds of a turn, by token.
pub(super) struct Holds(pub(super) Vec<Hold>);

/// The longest wait of a turn, as multiples.
pub(super) struct LongestWait {
    /// Of all holds while it lasted.
    pub(super) beside_holds_meanwhile: f64,
    /// Of the holds of those who had asked earlier.
    pub(super) beside_holds_ahead: f64,
}

impl Holds {
    pub(super) fn new(mut holds: Vec<Hold>) -> Self {
        holds.sort_by_key(|hold| hold.token);
        for pair in holds.windows(2) {
            assert!(pair[0].end <= pair[1].start, "two processes held the lock at once");
        }
        Self(holds)
    }

    /// From the end of one process's hold to the start of another's that was waiting for it, in ns.
    pub(super) fn hand_overs(&self) -> Vec<f64> {
        self.0
            .windows(2)
            .filter(|pair| pair[0].process != pair[1].process && pair[1].wanted < pair[0].end)
            .map(|pair| (pair[1].start - pair[0].end) as f64)
            .collect()
    }

    pub(super) fn longest_wait(&self) -> LongestWait {
        let Some(longest) = self.0.iter().max_by_key(|hold| hold.start - hold.wanted) else {
            return LongestWait { beside_holds_meanwhile: f64::NAN, beside_holds_ahead: f64::NAN };
        };
        let before = self.0.iter().filter(|hold| hold.end > longest.wanted && hold.token < longest.token);
        let length = |hold: &Hold| hold.end - hold.start.max(longest.wanted);
        let meanwhile: u64 = before.clone().map(length).sum();
        let ahead: u64 = before.filter(|hold| hold.wanted < longest.wanted).map(length).sum();
        let waited = (longest.start - longest.wanted) as f64;
        LongestWait {
            beside_holds_meanwhile: waited / meanwhile as f64,
            beside_holds_ahead: waited / ahead as f64,
        }
    }
}
