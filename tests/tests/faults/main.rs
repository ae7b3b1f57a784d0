//! What happens to locks when servers, networks and runtimes fail, and callers go away.

mod cancel;
mod clock;
mod cuts;
mod engine;
mod guards;
mod held;
mod injury;
mod network;
mod runtimes;
mod waiting;
