//! Several processes on one lock; some of them die, others stand still for a while.

mod ending;
mod kinds;
mod red;
mod reentrant;
mod taker;
