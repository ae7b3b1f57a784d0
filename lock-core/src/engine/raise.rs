//! The fence that a holder got elsewhere, made known to this server.

use std::sync::Arc;

use tokio::sync::oneshot;

use super::desk::Desk;
use super::hold_cell::HoldCell;
use super::line::Line;
use crate::backend::{Answer, Operation, Reply, Via};

/// Hears whether the server has it; not, if it is not certain.
pub(super) type Raised = oneshot::Sender<bool>;

impl Line {
    /// Moves the server's counter to `fence`, if this hold is still the owner there. Sent once: whoever wants to be sure
    /// asks again.
    pub(super) fn raise(
        &mut self,
        cell: &Arc<HoldCell>,
        fence: u64,
        via: Via,
        answer: Raised,
        desk: &mut Desk,
    ) {
        let mine =
            self.owned().and_then(|owned| owned.holding()).is_some_and(|it| Arc::ptr_eq(&it.cell, cell));
        match self.stay.as_ref().filter(|_| mine && cell.is_held()).map(|stay| stay.id.clone()) {
            Some(id) => {
                let seq = desk.send_aside(&self.key.name, &id, Operation::Raise { fence }, via);
                desk.raises.insert(seq, answer);
            }
            None => desk.effects.extended.push((answer, false)),
        }
    }
}

/// What an answer says of a raise.
pub(super) fn has_raised(answer: &Answer) -> bool {
    matches!(answer, Answer::Reply { reply: Reply::Held { .. }, .. })
}
