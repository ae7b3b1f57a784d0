//! Waiting for the loss of a lease.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use super::{Lease, Parts};
use crate::engine::Lost;

/// See [`Lease::lost`].
pub(crate) enum LeaseLost {
    One(Lost),
    Many(PartsLost),
}

/// Each part tells of its own loss; with each it is counted what is left.
pub(crate) struct PartsLost {
    parts: Arc<Parts>,
    watched: Vec<Lost>,
    /// Which parts those are.
    version: u64,
    /// Among those who want to hear of new parts.
    number: Option<u64>,
}

impl LeaseLost {
    pub(super) fn of(lease: &Lease) -> Self {
        match lease {
            Lease::One(part, _) => Self::One(part.cell.lost()),
            Lease::Many(parts) => Self::Many(PartsLost {
                parts: Arc::clone(parts),
                watched: Vec::new(),
                version: 0,
                number: None,
            }),
        }
    }
}

impl Future for LeaseLost {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        match &mut *self {
            Self::One(lost) => Pin::new(lost).poll(context),
            Self::Many(lost) => lost.poll(context),
        }
    }
}

impl PartsLost {
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        // First to be told of new parts, then to look which there are: none comes in between unseen.
        self.number = Some(self.parts.listeners.listen(self.number, context.waker()));
        self.watch();
        for lost in &mut self.watched {
            // That enough of them are lost is looked at below.
            let _ = Pin::new(lost).poll(context);
        }
        if self.parts.is_lost() { Poll::Ready(()) } else { Poll::Pending }
    }

    fn watch(&mut self) {
        let held = self.parts.held();
        if held.version == self.version {
            return;
        }
        self.version = held.version;
        let cells: Vec<_> = held.parts.iter().map(|part| Arc::clone(&part.cell)).collect();
        drop(held);
        // The old ones leave their cells' lists here, outside the lock.
        self.watched = cells.iter().map(crate::engine::HoldCell::lost).collect();
    }
}

impl Drop for PartsLost {
    fn drop(&mut self) {
        self.parts.listeners.forget(self.number);
    }
}
