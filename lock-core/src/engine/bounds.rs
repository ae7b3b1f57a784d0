//! When a body has to end, however well its lease is renewed.

use std::sync::Arc;
use std::time::Duration;

use super::desk::Desk;
use super::hold_cell::HoldCell;
use super::line::Line;
use super::stay::{Owned, User};
use super::waiter::Want;
use crate::backend::HoldId;
use crate::clock::Moment;

/// What a hold leaves to the one that takes its place at the server.
pub(crate) struct Frozen {
    /// The id there.
    pub(crate) id: HoldId,
    /// What its body has yet, if that has an end.
    pub(crate) left: Option<Duration>,
}

impl Owned {
    /// The end of a body that begins now.
    pub(super) fn body_ends_at(&self, want: &Want, now: Moment) -> Option<Moment> {
        // A lease that was asked for its full length just now is the body's; a short, a passed or an older one is extended
        // to it.
        let is_new = now.since(self.granted_at) < want.expire / 10;
        let is_whole = self.pass == 0 && self.lease >= want.expire && is_new;
        match want.renew {
            false => Some(if is_whole { self.valid_until } else { now + want.expire }),
            true => want.max_hold.map(|longest| now + longest),
        }
    }
}

impl Line {
    /// The body of a hold that was renewed until now begins, as `want` says.
    ///
    /// What could go wrong: a renewal under way, asked for without an end, moves the body's end out. It can't: its answer goes
    /// no further than `ends_at`, which stands from here on. A hold that is lost by now stays lost.
    pub(super) fn begin_body(&mut self, cell: &Arc<HoldCell>, want: &Want, desk: &mut Desk) {
        let now = desk.now;
        let Some(owned) = self.owned_mut() else { return };
        let Some(end) = owned.body_ends_at(want, now) else { return };
        let until = end.min(owned.counts_until());
        let User::Held(holding) = &mut owned.user else { return };
        if owned.frozen || !Arc::ptr_eq(&holding.cell, cell) {
            return;
        }
        holding.ends_at = Some(end);
        // One that is over already is found lost by the drive.
        let _ = cell.extend(until);
        self.drive(desk);
    }
}
