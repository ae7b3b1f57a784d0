//! One stay of one id at the server, from the first acquire to the last forget.

use std::sync::Arc;
use std::time::Duration;

use super::extension::Extending;
use super::hold_cell::HoldCell;
use super::line_key::LineKey;
use super::rules::{CLAIM_DELAY, MESSAGE_LIMIT};
use super::undo::Undo;
use super::waiter::WaiterKey;
use crate::backend::{Entry, Generation, Grant, HoldId};
use crate::clock::Moment;

/// What this process has at the server under one id. An id is used for one stay and never again.
pub(super) struct Stay {
    pub(super) id: HoldId,
    pub(super) entry: Entry,
    /// See [`Acquire::replaces`](crate::backend::Acquire::replaces).
    pub(super) replaces: Option<HoldId>,
    /// The lease asked for.
    pub(super) lease: Duration,
    /// For how long a place was last asked for.
    pub(super) patience: Duration,
    /// Whether the acquire asks to be queued.
    pub(super) queues: bool,
    pub(super) last_sent: Moment,
    /// The latest not-after of any copy of the acquire.
    pub(super) not_after_ms: u64,
    /// Whether an acquire went unanswered, so that a copy of it may run yet.
    pub(super) copies_out: bool,
    /// The request under way, by number. Answers to any other are ignored.
    pub(super) in_flight: Option<u64>,
    pub(super) tries: u32,
    /// Grants may have been missed since the refresh under way was sent.
    pub(super) again: bool,
    pub(super) next: Moment,
    pub(super) phase: Phase,
}

/// Where a stay has got to.
pub(super) enum Phase {
    /// An acquire is under way, or about to be sent again.
    Asking {
        /// A grant that overtook the reply.
        early: Option<Grant>,
    },
    /// In the server's queue.
    Queued(Queued),
    /// The owner.
    Owned(Owned),
}

/// What the last "queued" reply said.
pub(super) struct Queued {
    /// When the request of that reply was sent.
    pub(super) base: Moment,
    /// When that reply came; used by the simulation alone, in place of `base`.
    pub(super) heard: Moment,
    pub(super) floor: u64,
    /// Until when the place lives without another refresh.
    pub(super) alive_until: Moment,
    pub(super) generation: Generation,
}

/// What says that a stay is the owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Proof {
    /// The server's reply to a request of ours.
    Reply,
    /// A pushed grant, which anybody may have published who may use the channel.
    Message,
}

/// A lease that the server gave.
pub(super) struct Owned {
    pub(super) fence: u64,
    /// Whether somebody may be waiting at the server whom nobody may overtake.
    pub(super) strict: bool,
    /// Whether another hold of this process is taking its place at the server.
    pub(super) frozen: bool,
    /// How often it was passed on within this process.
    pub(super) pass: u16,
    pub(super) granted_at: Moment,
    /// The lease as last stated by the server.
    pub(super) lease: Duration,
    pub(super) valid_until: Moment,
    pub(super) renew_at: Moment,
    /// Since when it rests on a pushed grant alone; `None` once a reply has said that it is true.
    pub(super) unconfirmed_since: Option<Moment>,
    /// Until when the server has it taken, at least; later than `valid_until` where it is to stay taken after the body.
    pub(super) taken_until: Moment,
    /// As many replicas as are needed have it, or none is.
    pub(super) acknowledged: bool,
    pub(super) user: User,
}

/// Who uses an owned lease.
pub(super) enum User {
    /// Nobody yet: it is there for a waiter to be claimed, and never extended until then.
    Offered(Offer),
    /// A holder.
    Held(Holding),
}

/// An owned lease that waits to be claimed.
pub(super) struct Offer {
    /// The waiter to whom it is offered.
    pub(super) to: WaiterKey,
    pub(super) since: Moment,
    /// Since when nobody has claimed it, whomever it was offered to.
    pub(super) unclaimed_since: Moment,
    pub(super) answered: Answered,
    /// How often the server has confirmed too little.
    pub(super) tries: u8,
}

/// Whether the waiter has come for its offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answered {
    NotYet,
    /// It came, but too little is left to start a body before the server has confirmed more.
    Confirming,
    /// The server has confirmed again and again, and half a lease never arrives: it takes what is there.
    Confirmed,
}

impl Offer {
    pub(super) fn nobody_yet(now: Moment) -> Self {
        Self { to: 0, since: now, unclaimed_since: now, answered: Answered::NotYet, tries: 0 }
    }

    pub(super) fn is_unclaimed(&self) -> bool {
        self.answered == Answered::NotYet
    }
}

/// What a holder wants of its lease.
pub(super) struct Holding {
    pub(super) cell: Arc<HoldCell>,
    /// Who it is; the server's record names the one who took it there.
    pub(super) record: String,
    pub(super) expire: Duration,
    /// Who waits for an extension.
    pub(super) extending: Vec<Extending>,
    /// With `renew = false` or `max_hold`: when the body has to end.
    pub(super) ends_at: Option<Moment>,
}

impl Stay {
    /// The undo of this stay, given up `now`, whatever it has got to.
    ///
    /// What could go wrong: it counts from the acquire, sent long ago; the place in the queue lives on by refreshes, its
    /// forget is lost and never sent again, and the place is granted to nobody. It can't: it counts from now, by when
    /// everything was sent, and for as long as the place may live (over an outage of the server, up to the end of the
    /// wait) and then be granted, and a late copy of an extension, run at the last moment, may prolong that.
    pub(super) fn undo(&self, line: &LineKey, now: Moment) -> Undo {
        let (lease, place) = match &self.phase {
            Phase::Owned(owned) => (self.lease.max(owned.lease), Duration::ZERO),
            _ if self.queues => (self.lease, self.patience),
            _ => (self.lease, Duration::ZERO),
        };
        let extension = match self.phase {
            Phase::Asking { .. } => Duration::ZERO,
            Phase::Queued(_) | Phase::Owned(_) => lease,
        };
        let over_at = Undo::over_at(now, lease + place + extension);
        let copies = (self.copies_out
            || (self.in_flight.is_some() && matches!(self.phase, Phase::Asking { .. })))
        .then_some(self.not_after_ms);
        Undo::new(line.clone(), self.queues.then(|| self.entry.clone()), copies, over_at)
    }
}

impl Owned {
    /// Until when a holder may count on it.
    ///
    /// What could go wrong: somebody who may publish on this process's channel, and has read the waiter's id in the lock's
    /// key, publishes a grant that the server never made. Nothing in the message can prove it: whatever a script puts in,
    /// it has read where that somebody may read too. So two processes hold the lock, for as long as a hold rests on a message
    /// alone: a body starts no later than [`CLAIM_DELAY`] after the message, the server is asked by then, and its answer ends
    /// the hold, or there is none within [`MESSAGE_LIMIT`], which ends it too.
    pub(super) fn counts_until(&self) -> Moment {
        self.unconfirmed_since.map_or(self.valid_until, |since| self.valid_until.min(since + MESSAGE_LIMIT))
    }

    /// Whether the server's word has to come before a body starts: the message that it rests on is too old.
    pub(super) fn is_hearsay(&self, now: Moment) -> bool {
        self.unconfirmed_since.is_some_and(|since| now > since + CLAIM_DELAY)
    }

    pub(super) fn holding(&self) -> Option<&Holding> {
        match &self.user {
            User::Held(holding) => Some(holding),
            User::Offered(_) => None,
        }
    }
}
