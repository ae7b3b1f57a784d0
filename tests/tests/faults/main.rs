//! What happens to locks when servers, networks and runtimes fail, and callers go away.

mod cancel;
mod clock;
mod cuts;
mod engine;
mod guards;
mod held;
mod injury;
mod many_places;
mod network;
mod order;
mod partition;
mod queue;
mod runtimes;
mod vanished;
mod waiting;
