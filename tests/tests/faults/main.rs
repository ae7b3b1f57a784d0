//! What happens to locks when servers, networks and runtimes fail.

mod cuts;
mod engine;
mod guards;
mod held;
mod injury;
mod network;
mod runtimes;
mod waiting;
