//! A red lock that is held.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::task::AbortHandle;

use super::keep::keep;
use super::masters::Masters;
use super::release::Releasing;
use super::round::Won;
use crate::backend::{Fault, Mode, Via};
use crate::clock::Moment;
use crate::engine::{Hold, Lost, Released, Want, token_of_fence};
use crate::kind::{Lease, Named, Part, Parts};

/// Owned by whoever is inside; dropped, it frees all masters in the background.
pub(crate) struct Quorum(Arc<Inner>);

/// Shared with the tasks that keep its parts.
pub(super) struct Inner {
    pub(super) masters: Arc<Masters>,
    pub(super) want: Want,
    pub(super) fence: u64,
    since: Moment,
    pub(super) parts: Arc<Parts>,
    kept: Mutex<Kept>,
}

struct Kept {
    /// By master. `None` once the lock is released: what a master grants after that is given back.
    holds: Option<Vec<Option<Hold>>>,
    tasks: Vec<AbortHandle>,
}

impl Quorum {
    pub(super) fn begin(masters: &Arc<Masters>, want: Want, won: Won) -> Self {
        let Won { fence, holds, open } = won;
        let named = Named { name: want.name.clone(), token: token_of_fence(fence), mode: Mode::Exclusive };
        let parts = masters.all().iter().zip(&holds).filter_map(|(master, hold)| {
            let cell = Arc::clone(hold.as_ref()?.cell());
            Some(Part { cell, engine: master.engine.downgrade() })
        });
        let parts = Parts::quorum(named, masters.needed(), parts.collect(), masters.max_lease());
        // Repairs are nobody's request: they don't depend on the caller's runtime.
        let want = Want { via: Via::Engine, ..want };
        let inner = Arc::new(Inner {
            masters: Arc::clone(masters),
            fence,
            since: masters.first().now(),
            parts: Arc::new(parts),
            kept: Mutex::new(Kept { holds: Some(holds), tasks: Vec::new() }),
            want,
        });
        if inner.want.renew {
            let tasks = open.into_iter().enumerate().filter_map(|(at, open)| {
                let task = keep(Arc::clone(&inner), at, open);
                masters.all()[at].engine.spawn(task)
            });
            let tasks = tasks.collect();
            inner.kept().tasks = tasks;
        }
        Self(inner)
    }

    pub(crate) fn lease(&self) -> Lease {
        Lease::Many(Arc::clone(&self.0.parts))
    }

    /// Frees it on all masters, the silent ones too. The releases are under way when this returns; the future waits for a
    /// majority's word.
    pub(crate) fn release(self) -> impl Future<Output = Result<Released, Fault>> + Send + 'static {
        let masters = &self.0.masters;
        Releasing::begin(self.0.end(), masters.all().len(), masters.needed())
    }
}

impl Drop for Quorum {
    fn drop(&mut self) {
        drop(self.0.end());
    }
}

impl Inner {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends the tasks, and hands out what is to be freed.
    fn end(&self) -> Vec<Hold> {
        let mut kept = self.kept();
        let holds = kept.holds.take().unwrap_or_default();
        let tasks = std::mem::take(&mut kept.tasks);
        drop(kept);
        for task in tasks {
            task.abort();
        }
        holds.into_iter().flatten().collect()
    }

    /// What is left of its longest hold, if it has one; `None` if that is over.
    pub(super) fn hold_left(&self, now: Moment) -> Option<Option<Duration>> {
        let left = |longest: Duration| longest.checked_sub(now.since(self.since));
        match self.want.max_hold {
            None => Some(None),
            Some(longest) => left(longest).filter(|left| !left.is_zero()).map(Some),
        }
    }

    /// Ready when the part of that master is lost; `None` if there is none.
    pub(super) fn lost(&self, at: usize) -> Option<Lost> {
        let kept = self.kept();
        Some(kept.holds.as_ref()?.get(at)?.as_ref()?.cell().lost())
    }

    /// Takes in a repaired part; `false` if the lock is released or lost, and nothing is to be repaired any more.
    pub(super) fn add(&self, at: usize, hold: Hold) -> bool {
        let part = Part { cell: Arc::clone(hold.cell()), engine: self.masters.all()[at].engine.downgrade() };
        let mut kept = self.kept();
        let Some(place) = kept.holds.as_mut().and_then(|holds| holds.get_mut(at)) else {
            return false;
        };
        let added = self.parts.replace_lost(part.clone());
        let unused = if added { place.replace(hold) } else { Some(hold) };
        drop(kept);
        drop(unused);
        // What wakes foreign code is not done under the lock.
        if added {
            self.parts.keep_as_wished(&part);
        }
        self.parts.tell_of_change();
        added
    }
}
