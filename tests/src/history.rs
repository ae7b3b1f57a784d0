//! Who held what, from when to when, written by any number of tasks and processes; and whether that was right.
//!
//! A hold counts from when acquiring returned until it was last seen valid, so that an overlap in a history is always one
//! of two definite holds: a holder that was killed, or did not look, can only be counted too short.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crate::now_ns;

/// Writes histories. Cheap to clone; several processes may write one file.
#[derive(Clone, Debug)]
pub struct Recorder(Arc<File>);

impl Recorder {
    /// Writes at the end of `file`, which is made if it does not exist.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn append(file: &Path) -> io::Result<Self> {
        Ok(Self(Arc::new(OpenOptions::new().create(true).append(true).open(file)?)))
    }

    /// Call as soon as acquiring has returned.
    ///
    /// # Panics
    /// If the file cannot be written.
    #[must_use]
    pub fn took(&self, name: &str, who: &str, token: u64) -> OpenHold {
        let hold = OpenHold { recorder: self.clone(), line: format!("{name}\t{who}\t{token}") };
        hold.write("took", now_ns());
        hold
    }
}

/// A hold that is being recorded. To be killed, or dropped, leaves it at what was recorded last.
#[derive(Debug)]
pub struct OpenHold {
    recorder: Recorder,
    line: String,
}

impl OpenHold {
    /// The hold was found valid by a look that began at `at_ns`: read [`now_ns`] first, then look.
    ///
    /// # Panics
    /// If the file cannot be written.
    pub fn valid_at(&self, at_ns: u64) {
        self.write("valid", at_ns);
    }

    /// One write per line: lines of several processes do not mix in a file that is appended to.
    fn write(&self, what: &str, at_ns: u64) {
        let line = format!("{}\t{what}\t{at_ns}\n", self.line);
        (&*self.recorder.0).write_all(line.as_bytes()).expect("a history can be written");
    }
}

/// One hold as it was recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hold {
    /// Of which lock.
    pub name: String,
    /// By whom.
    pub who: String,
    /// Under which fencing token.
    pub token: u64,
    /// Since when, in ns of [`now_ns`].
    pub from_ns: u64,
    /// Until when it was certainly valid.
    pub until_ns: u64,
}

/// Reads a history. A last line that a killed process did not finish is left out.
///
/// # Errors
/// If the file cannot be read, or another line makes no sense.
pub fn read(file: &Path) -> io::Result<Vec<Hold>> {
    let text = std::fs::read_to_string(file)?;
    let mut holds: BTreeMap<(&str, &str, u64), Hold> = BTreeMap::new();
    for line in text.split_inclusive('\n').filter(|line| line.ends_with('\n')) {
        let strange =
            || io::Error::new(io::ErrorKind::InvalidData, format!("no line of a history: {line:?}"));
        let fields: Vec<&str> = line.trim_end().split('\t').collect();
        let [name, who, token, what, at] = fields[..] else {
            return Err(strange());
        };
        let token = token.parse().map_err(|_| strange())?;
        let at_ns: u64 = at.parse().map_err(|_| strange())?;
        let known = holds.get_mut(&(name, who, token));
        match (what, known) {
            ("took", None) => {
                let (name_, who_) = (name.to_owned(), who.to_owned());
                let hold = Hold { name: name_, who: who_, token, from_ns: at_ns, until_ns: at_ns };
                holds.insert((name, who, token), hold);
            }
            ("valid", Some(hold)) => hold.until_ns = hold.until_ns.max(at_ns),
            _ => return Err(strange()),
        }
    }
    Ok(holds.into_values().collect())
}

/// What a history shows that must not be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Violation {
    /// Two holds of one name at a time.
    Overlap(Hold, Hold),
    /// The later hold has no higher token.
    Token(Hold, Hold),
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (what, one, two) = match self {
            Self::Overlap(one, two) => ("two hold at a time", one, two),
            Self::Token(one, two) => ("the token did not rise", one, two),
        };
        write!(f, "{what}: {one:?} and {two:?}")
    }
}

/// Everything that is wrong with a history: no two holds of a name may overlap, and tokens rise from hold to hold.
#[must_use]
pub fn check(holds: &[Hold]) -> Vec<Violation> {
    let mut by_name: BTreeMap<&str, Vec<&Hold>> = BTreeMap::new();
    for hold in holds {
        by_name.entry(&hold.name).or_default().push(hold);
    }
    let mut wrong = Vec::new();
    for of_name in by_name.values_mut() {
        of_name.sort_by_key(|hold| (hold.from_ns, hold.until_ns));
        // The one that lasts longest so far: a hold inside a long one is found behind any number of short ones.
        let (mut lasting, mut highest): (Option<&Hold>, Option<&Hold>) = (None, None);
        for hold in of_name.iter().copied() {
            if let Some(before) = lasting.filter(|before| hold.from_ns < before.until_ns) {
                wrong.push(Violation::Overlap(before.clone(), hold.clone()));
            }
            if let Some(before) = highest.filter(|before| hold.token <= before.token) {
                wrong.push(Violation::Token(before.clone(), hold.clone()));
            }
            lasting = lasting.filter(|before| before.until_ns >= hold.until_ns).or(Some(hold));
            highest = highest.filter(|before| before.token >= hold.token).or(Some(hold));
        }
    }
    wrong
}

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
    use crate::{Scratch, Seed};

    fn hold(name: &str, token: u64, from_ns: u64, until_ns: u64) -> Hold {
        Hold { name: name.to_owned(), who: token.to_string(), token, from_ns, until_ns }
    }

    #[test]
    fn holds_one_after_the_other_are_right() {
        let holds = [hold("a", 3, 20, 30), hold("a", 1, 0, 10), hold("a", 2, 10, 20), hold("b", 1, 5, 25)];
        assert_eq!(check(&holds), []);
    }

    #[test]
    fn an_overlap_is_found() {
        let (one, two) = (hold("a", 1, 0, 11), hold("a", 2, 10, 20));
        assert_eq!(check(&[two.clone(), one.clone()]), [Violation::Overlap(one, two)]);
    }

    #[test]
    fn an_overlap_with_a_long_hold_is_found_behind_short_ones() {
        let (long, last) = (hold("a", 1, 0, 100), hold("a", 4, 90, 95));
        let holds = [long.clone(), hold("a", 2, 200, 210), last.clone(), hold("a", 3, 20, 20)];
        let wrong = check(&holds);
        assert!(wrong.contains(&Violation::Overlap(long, last)), "{wrong:?}");
    }

    #[test]
    fn a_token_that_does_not_rise_is_found() {
        for token in [1, 2] {
            let (one, two) = (hold("a", 2, 0, 10), hold("a", token, 10, 20));
            assert_eq!(check(&[one.clone(), two.clone()]), [Violation::Token(one, two)]);
        }
    }

    #[test]
    fn planted_overlaps_are_found_in_long_histories() {
        let mut seed = Seed::new(20);
        for _ in 0..200 {
            let mut at = 0;
            let mut holds: Vec<Hold> = (1..100)
                .map(|token| {
                    let from = at + seed.below(5);
                    at = from + 1 + seed.below(50);
                    hold("a", token, from, at)
                })
                .collect();
            assert_eq!(check(&holds), []);
            let place = usize::try_from(seed.below(98)).expect("small");
            holds[place].until_ns = holds[place + 1].from_ns + 1;
            assert!(matches!(check(&holds)[..], [Violation::Overlap(..)]));
        }
    }

    #[test]
    fn what_several_writers_record_is_read_back() {
        let folder = Scratch::new();
        let file = folder.path().join("history");
        let (one, two) = (Recorder::append(&file).unwrap(), Recorder::append(&file).unwrap());
        let first = one.took("LOCK:a", "one", 5);
        first.valid_at(now_ns());
        let last = now_ns();
        first.valid_at(last);
        drop(first);
        drop(two.took("LOCK:a", "two", 6));
        (&*two.0).write_all(b"LOCK:a\ttw").unwrap();
        let holds = read(&file).unwrap();
        assert_eq!(holds.len(), 2);
        assert_eq!((holds[0].token, holds[0].until_ns), (5, last));
        assert_eq!(holds[1].from_ns, holds[1].until_ns);
        assert_eq!(check(&holds), []);
    }

    #[test]
    fn the_longest_gap_is_between_grants_of_one_name() {
        let holds =
            [hold("a", 1, 0, 10), hold("b", 1, 50, 60), hold("a", 2, 200, 300), hold("a", 3, 350, 360)];
        assert_eq!(longest_gap(&holds, "a"), Duration::from_nanos(200));
        assert_eq!(longest_gap(&holds, "b"), Duration::ZERO);
    }

    #[test]
    fn nonsense_in_a_history_is_an_error() {
        let folder = Scratch::new();
        let file = folder.path().join("history");
        for line in ["LOCK:a\tone\tx\ttook\t1\n", "LOCK:a\tone\t1\tvalid\t1\n", "\n"] {
            std::fs::write(&file, line).unwrap();
            assert!(read(&file).is_err(), "{line:?}");
        }
    }
}
