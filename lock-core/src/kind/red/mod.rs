//! One name on several independent masters, held while a majority of them says so.
//!
//! Each master has an engine of its own, with everything that it does for a hold: undo of what is unknown, renewal, release
//! from a drop, deadlines. So red is no backend over backends: it is a quorum of engines' holds.
//!
//! What could go wrong: two holders at once. There can't be: a definite red hold means definite holds at a majority of the
//! masters; two majorities share a master; and that master's engine has at most one definite hold of a name.

mod acquire;
mod keep;
mod masters;
mod pause;
mod quorum;
mod release;
mod round;
#[cfg(test)]
mod simulation;

pub(crate) use acquire::acquire_red;
pub(crate) use masters::{Master, Masters};
pub(super) use pause::before;
pub(crate) use quorum::Quorum;
