//! The end of renewals, ahead of the end of a hold.

use std::sync::Arc;

use super::desk::Desk;
use super::hold_cell::HoldCell;
use super::line::Line;
use crate::backend::HoldId;
use crate::clock::Moment;

impl Line {
    /// From now on no renewal of this hold is sent, and none under way is believed: what it is replaced with may make the
    /// server say that it is gone, which is no loss. Its lease runs on. The id of the hold, if it is held.
    pub(super) fn freeze(&mut self, cell: &Arc<HoldCell>, desk: &mut Desk) -> Option<HoldId> {
        let mine = self.owned()?.holding().is_some_and(|holding| Arc::ptr_eq(&holding.cell, cell));
        if !mine || !cell.is_held() {
            return None;
        }
        self.answer_extending(false, desk);
        self.owned_mut()?.renew_at = Moment::NEVER;
        let stay = self.stay.as_mut()?;
        if let Some(seq) = stay.in_flight.take() {
            desk.under_way.remove(&seq);
        }
        Some(stay.id.clone())
    }
}
