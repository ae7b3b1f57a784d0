//! A hold that is not to be free before some moment, however early it is released.

use std::sync::Arc;
use std::time::Duration;

use super::desk::Desk;
use super::hold_cell::HoldCell;
use super::line::Line;
use super::stay::{Holding, Owned};
use crate::clock::Moment;

impl Line {
    /// The holder's body has begun, and the lock is to stay taken until `until` at least. The server is told at once, so
    /// that this holds when the process dies, too.
    pub(super) fn keep(&mut self, cell: &Arc<HoldCell>, until: Moment, desk: &mut Desk) {
        cell.keep(until);
        self.drive(desk);
    }
}

impl Owned {
    /// For how long the server has to be asked to have it taken, if it has not been told of all that the holder wishes.
    pub(super) fn owes(&self, holding: &Holding, now: Moment) -> Option<Duration> {
        let until = holding.cell.keep_until();
        (self.taken_until < until && now < until).then(|| until.since(now))
    }
}

impl Holding {
    /// Of the lease that the server states, what a body may count on: what was asked for its own sake. The rest is for
    /// after its end, and a loss of the server's data is to be noticed as soon as ever.
    pub(super) fn counts_on(&self, left_ms: u64) -> u64 {
        if self.cell.keep_until() == Moment::default() {
            return left_ms;
        }
        let wish = self.longest_wish().unwrap_or_default().max(self.expire);
        left_ms.min(super::rules::millis(wish))
    }
}
