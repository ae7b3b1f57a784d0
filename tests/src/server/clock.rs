//! A clock that can be wrong.

use std::fs::OpenOptions;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::process::Command;

/// A server loads it before all others: it adds what a file says to the time of day.
const LIBRARY: &str = env!("STEPPED_CLOCK");

/// A server's own clock; right at first.
#[derive(Debug)]
pub(super) struct Clock(PathBuf);

impl Clock {
    /// One that looks into `file`.
    pub(super) fn of(file: PathBuf) -> Self {
        let clock = Self(file);
        clock.step(0);
        clock
    }

    /// From now on it is so many ms ahead of the machine's.
    pub(super) fn step(&self, ahead_ms: i64) {
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(&self.0);
        // Never empty: who reads it then would be right for a moment.
        file.and_then(|file| file.write_all_at(&ahead_ms.to_le_bytes(), 0))
            .unwrap_or_else(|error| panic!("cannot write {}: {error}", self.0.display()));
    }

    /// Gives it to the program that `command` starts.
    pub(super) fn give(&self, command: &mut Command) {
        command.env("LD_PRELOAD", LIBRARY).env("STEPPED_CLOCK_FILE", &self.0);
    }
}
