//! Who held what from when to when, in one test.

use std::path::PathBuf;

use lock_tests::{Hold, Recorder, Scratch, check, read};

/// A history that is being written.
pub(crate) struct History {
    pub(crate) recorder: Recorder,
    file: PathBuf,
    _folder: Scratch,
}

impl History {
    pub(crate) fn new() -> Self {
        let folder = Scratch::new();
        let file = folder.path().join("history");
        let recorder = Recorder::append(&file).expect("a history can be written");
        Self { recorder, file, _folder: folder }
    }

    /// What was written, in which nothing may be wrong.
    pub(crate) fn right(&self) -> Vec<Hold> {
        let holds = read(&self.file).expect("a history");
        let wrong: Vec<String> = check(&holds).iter().map(ToString::to_string).collect();
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
        holds
    }
}
