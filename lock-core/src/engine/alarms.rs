//! Tasks to be woken at a moment of the engine's clock.

use std::collections::BTreeMap;
use std::task::Waker;

use crate::clock::Moment;

/// Alarms by number. No timer of a caller's runtime is involved: its clock may be paused, or it may have none.
#[derive(Default)]
pub(super) struct Alarms(BTreeMap<u64, (Moment, Waker)>);

impl Alarms {
    /// Sets the alarm `number`; returns the waker that it replaces.
    pub(super) fn set(&mut self, number: u64, at: Moment, waker: Waker) -> Option<Waker> {
        self.0.insert(number, (at, waker)).map(|(_, replaced)| replaced)
    }

    pub(super) fn cancel(&mut self, number: u64) -> Option<Waker> {
        self.0.remove(&number).map(|(_, waker)| waker)
    }

    /// Takes out what is due.
    pub(super) fn ring(&mut self, now: Moment) -> Vec<Waker> {
        if self.next().is_none_or(|next| next > now) {
            return Vec::new();
        }
        let due: Vec<u64> =
            self.0.iter().filter_map(|(number, (at, _))| (*at <= now).then_some(*number)).collect();
        due.into_iter().filter_map(|number| self.cancel(number)).collect()
    }

    pub(super) fn ring_all(&mut self) -> Vec<Waker> {
        std::mem::take(&mut self.0).into_values().map(|(_, waker)| waker).collect()
    }

    pub(super) fn next(&self) -> Option<Moment> {
        self.0.values().map(|(at, _)| *at).min()
    }
}
