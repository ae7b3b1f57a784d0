//! Where a client process writes down what happens to it.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::event::{Event, What};
use crate::now_ns;

/// The history of one process. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Diary(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    file: File,
    process: String,
    next: AtomicU64,
}

impl Diary {
    pub(super) fn open(file: &Path, process: &str) -> io::Result<Self> {
        let file = OpenOptions::new().create(true).append(true).open(file)?;
        Ok(Self(Arc::new(Inner { file, process: process.to_owned(), next: AtomicU64::new(1) })))
    }

    /// A name for one attempt.
    pub(super) fn attempt(&self) -> String {
        format!("{}/{}", self.0.process, self.0.next.fetch_add(1, Ordering::Relaxed))
    }

    /// Something happens to an attempt, now.
    pub(super) fn note(&self, who: &str, what: What) {
        self.write(&Event { at_ns: now_ns(), who: who.to_owned(), what });
    }

    /// Something happens to the whole process, now.
    pub(super) fn note_self(&self, what: What) {
        self.note(&self.0.process, what);
    }

    /// One write per line, so that a killed process leaves whole lines and at most one half.
    pub(super) fn write(&self, event: &Event) {
        (&self.0.file).write_all(event.to_line().as_bytes()).expect("a history can be written");
    }
}
