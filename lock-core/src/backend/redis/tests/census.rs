//! What random sequences came to: a sequence in which nothing happens proves nothing.

use std::collections::BTreeMap;

use crate::backend::memory::record::Record;
use crate::backend::memory::rules::{Model, Order};
use crate::backend::{Operation, Reply};

/// How often what happened.
#[derive(Debug, Default)]
pub(crate) struct Census(BTreeMap<&'static str, u64>);

impl Census {
    /// Runs `order` on `model`, and looks.
    pub(crate) fn watch(&mut self, model: &mut Model, order: &Order) -> Reply {
        let now_ms = model.now_us / 1000;
        if let (Some(record), Operation::Acquire(acquire)) = (model.records.get(order.0), &order.2) {
            let owner = record.owner.as_ref().filter(|owner| now_ms < owner.deadline_ms);
            let gives_way = owner.is_some_and(|owner| Some(&owner.id) == acquire.replaces.as_ref());
            self.note("an owner was asked to give way", gives_way);
        }
        let before = model.published.len();
        let readers = model.records.get(order.0).map_or(0, |record| record.readers.count(now_ms).0);
        let reply = model.one(order);
        let nothing = Record::default();
        let record = model.records.get(order.0).unwrap_or(&nothing);
        self.note("a hold was strict", matches!(reply, Reply::Held { strict: true, .. }));
        let grants = &model.published[before..];
        self.note("a grant was strict", grants.iter().any(|grant| grant.strict));
        self.note("several readers came in at once", record.readers.count(now_ms).0 > readers + 1);
        self.readers(record, now_ms);
        reply
    }

    fn readers(&mut self, record: &Record, now_ms: u64) {
        let (living, dead) = record.readers.count(now_ms);
        self.note("several read", living > 1);
        self.note("more read than a record's first members show", living > 3);
        self.note("somebody waits for readers", living > 0 && !record.queue.is_empty());
        self.note("dead readers are left beside living ones", living > 0 && dead > 0);
    }

    fn note(&mut self, what: &'static str, happened: bool) {
        *self.0.entry(what).or_default() += u64::from(happened);
    }

    pub(crate) fn add(&mut self, other: &Self) {
        for (what, times) in &other.0 {
            *self.0.entry(what).or_default() += times;
        }
    }

    /// All that is looked for happened often enough to mean something.
    #[track_caller]
    pub(crate) fn is_rich(&self) {
        assert!(self.0.len() > 7 && self.0.values().all(|&times| times > 20), "{:#?}", self.0);
    }
}
