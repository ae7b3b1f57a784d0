//! The process-local half of every lock: a state machine without input or output of its own, and the thread that drives
//! it.
//!
//! [`Engine`] is synchronous: callers, answers, grants and the clock come in as method calls; requests, wake-ups and events
//! go out as effects once its lock is free. So nothing in it can be dropped half-way, and a simulation drives the very
//! code that runs in production. See `ARCHITECTURE.md`.

mod alarms;
mod asking;
mod bounds;
mod desk;
mod effects;
mod events;
mod extension;
mod farewell;
mod handle;
mod hold_cell;
mod holds;
mod keep;
mod line;
mod line_key;
mod listeners;
mod neighbours;
mod offer;
mod owned;
mod queued;
mod raise;
mod release;
mod renewal;
mod report;
mod rules;
mod schedule;
mod server_clock;
mod shared;
#[cfg(test)]
mod simulation;
mod slot;
mod stay;
mod table;
mod thread;
mod undo;
mod wait;
mod waiter;
mod waits;
mod wake_up;

use events::Event;
pub(crate) use handle::{Alarm, Engine, Hold, WeakEngine};
pub(crate) use hold_cell::{HoldCell, Lost};
pub(crate) use holds::Holds;
pub(crate) use listeners::Listeners;
pub use report::ShutdownReport;
pub(crate) use rules::token_of_fence;
pub(crate) use thread::Started;
pub(crate) use undo::Released;
pub(crate) use wait::{Waiting, block_on};
pub(crate) use waiter::{Claim, Want};

use crate::backend::{Fault, FaultClass};

fn fault_no_answer() -> Fault {
    Fault::new(FaultClass::Transient, "no answer in time")
}

fn fault_not_acknowledged() -> Fault {
    Fault::new(
        FaultClass::Unavailable,
        "the lock was granted, but not acknowledged by enough replicas in time",
    )
}

fn fault_not_polled() -> Fault {
    let reason = "the lock was granted, but the waiting task was not polled before that lease was over";
    Fault::new(FaultClass::Transient, reason)
}
