//! What is to be done once the engine's lock is free.

use std::task::Waker;

use super::events::Event;
use super::extension::Extended;
use super::undo::{ReleaseAnswer, Released};
use crate::backend::{Fault, Request};
use crate::clock::Moment;

/// Collected under the engine's lock, carried out after it.
///
/// What could go wrong: a backend answers inside `submit`, or a waker polls its task at once, and both need the engine's
/// lock: a deadlock. It can't: nothing foreign is called while the lock is held, by structure.
pub(super) struct Effects {
    pub(super) requests: Vec<Request>,
    pub(super) wakers: Vec<Waker>,
    pub(super) answers: Vec<(ReleaseAnswer, Result<Released, Fault>)>,
    pub(super) extended: Vec<(Extended, bool)>,
    pub(super) events: Vec<Event>,
    /// The earliest moment at which the engine has to look again.
    pub(super) due: Moment,
}

impl Default for Effects {
    fn default() -> Self {
        Self {
            requests: Vec::new(),
            wakers: Vec::new(),
            answers: Vec::new(),
            extended: Vec::new(),
            events: Vec::new(),
            due: Moment::NEVER,
        }
    }
}

impl Effects {
    pub(super) fn look_again(&mut self, at: Moment) {
        self.due = self.due.min(at);
    }

    pub(super) fn wake(&mut self, waker: Option<Waker>) {
        self.wakers.extend(waker);
    }
}
