//! Who waits for one lock, and in which order.

use std::collections::{BTreeMap, HashMap};

use crate::backend::{Entry, HoldId, Mode};

/// The waiters of one lock, by ticket. Equal tickets (possible only after a loss of the server's data) are ordered by
/// the waiter's text, as a sorted set orders them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Queue {
    places: BTreeMap<(u64, String), Waiter>,
    tickets: HashMap<String, u64>,
}

/// One waiter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Waiter {
    pub(crate) id: HoldId,
    pub(crate) entry: Entry,
    /// Time in ms, by the queue's clock, at which it counts as dead unless it refreshes.
    pub(crate) beat_ms: u64,
}

impl Waiter {
    pub(crate) fn text(&self) -> String {
        text(&self.id, &self.entry)
    }
}

/// What identifies a waiter: everything that a grant needs, so that no second lookup is made for one.
pub(crate) fn text(id: &HoldId, entry: &Entry) -> String {
    format!("{}{};{};{}", letter(entry), entry.short_ms, entry.channel.as_str(), id.as_str())
}

/// How an entry waits, as the records spell it: `x` exclusive, `f` exclusive and strict (first come, first served),
/// `r` shared.
pub(crate) const fn letter(entry: &Entry) -> char {
    match entry.mode {
        Mode::Shared => 'r',
        Mode::Exclusive if entry.strict => 'f',
        Mode::Exclusive => 'x',
    }
}

impl Queue {
    pub(crate) fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// The waiter with `skipped` others in front.
    pub(crate) fn head(&self, skipped: usize) -> Option<&Waiter> {
        self.places.values().nth(skipped)
    }

    /// The ticket of the waiter with this text.
    pub(crate) fn ticket(&self, text: &str) -> Option<u64> {
        self.tickets.get(text).copied()
    }

    /// How many have a lower ticket.
    pub(crate) fn ahead(&self, ticket: u64) -> u64 {
        self.places.range(..(ticket, String::new())).count() as u64
    }

    pub(crate) fn push(&mut self, ticket: u64, waiter: Waiter) {
        let text = waiter.text();
        self.tickets.insert(text.clone(), ticket);
        self.places.insert((ticket, text), waiter);
    }

    /// Whether it was there.
    pub(crate) fn remove(&mut self, text: &str) -> bool {
        match self.tickets.remove_entry(text) {
            Some((text, ticket)) => self.places.remove(&(ticket, text)).is_some(),
            None => false,
        }
    }

    /// Keeps the waiter alive until `beat_ms`.
    pub(crate) fn beat(&mut self, ticket: u64, text: &str, beat_ms: u64) {
        if let Some(waiter) = self.places.get_mut(&(ticket, text.to_owned())) {
            waiter.beat_ms = beat_ms;
        }
    }

    /// Up to `limit` waiters whose heartbeat is over at `clock_ms`, those that died last first.
    pub(crate) fn dead(&self, clock_ms: u64, limit: usize) -> Vec<String> {
        let mut dead: Vec<_> = self
            .places
            .iter()
            .filter(|(_, waiter)| clock_ms >= waiter.beat_ms)
            .map(|((_, text), waiter)| (std::cmp::Reverse(waiter.beat_ms), text.clone()))
            .collect();
        dead.sort();
        dead.truncate(limit);
        dead.into_iter().map(|(_, text)| text).collect()
    }

    /// All of them, in order.
    #[cfg(test)]
    pub(crate) fn waiters(&self) -> impl Iterator<Item = &Waiter> {
        self.places.values()
    }

    /// The texts of all, in order.
    #[cfg(test)]
    pub(crate) fn texts(&self) -> Vec<String> {
        self.places.keys().map(|(_, text)| text.clone()).collect()
    }
}
