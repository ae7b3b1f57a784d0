//! Who held what, from when to when, written by any number of tasks and processes; and whether that was right.
//!
//! A hold counts from when acquiring returned until it was last seen valid, so that an overlap in a history is always one
//! of two definite holds: a holder that was killed, or did not look, can only be counted too short.

mod exclusion;
mod gap;
mod order;
mod together;
mod violation;

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

use crate::now_ns;

pub use self::exclusion::check;
pub use self::gap::longest_gap;
pub use self::order::{Arrival, check_order};
pub use self::together::check_together;
pub use self::violation::Violation;

const TOOK: &str = "took";
const SHARES: &str = "shares";
const VALID: &str = "valid";

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

    /// Call as soon as acquiring has returned, for a lock that was taken alone.
    ///
    /// # Panics
    /// If the file cannot be written.
    #[must_use]
    pub fn took(&self, name: &str, who: &str, token: u64) -> OpenHold {
        self.open(name, who, token, TOOK)
    }

    /// The same for a lock that was taken beside other readers.
    ///
    /// # Panics
    /// If the file cannot be written.
    #[must_use]
    pub fn shares(&self, name: &str, who: &str, token: u64) -> OpenHold {
        self.open(name, who, token, SHARES)
    }

    fn open(&self, name: &str, who: &str, token: u64, how: &str) -> OpenHold {
        let hold = OpenHold { recorder: self.clone(), line: format!("{name}\t{who}\t{token}") };
        hold.write(how, now_ns());
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
        self.write(VALID, at_ns);
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
    /// Whether others may share it.
    pub shared: bool,
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
            (TOOK | SHARES, None) => {
                let hold = Hold {
                    name: name.to_owned(),
                    who: who.to_owned(),
                    token,
                    shared: what == SHARES,
                    from_ns: at_ns,
                    until_ns: at_ns,
                };
                holds.insert((name, who, token), hold);
            }
            (VALID, Some(hold)) => hold.until_ns = hold.until_ns.max(at_ns),
            _ => return Err(strange()),
        }
    }
    Ok(holds.into_values().collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Scratch;

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
        drop(two.shares("LOCK:a", "two", 6));
        (&*two.0).write_all(b"LOCK:a\ttw").unwrap();
        let holds = read(&file).unwrap();
        assert_eq!(holds.len(), 2);
        assert_eq!((holds[0].token, holds[0].until_ns), (5, last));
        assert_eq!(holds[1].from_ns, holds[1].until_ns);
        assert_eq!((holds[0].shared, holds[1].shared), (false, true));
        assert_eq!(check(&holds), []);
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
