//! The hand-over under every kind of trouble, simulated: real engines, the real protocol step, and between them a network
//! that delays, loses, breaks and repeats, all of it repeatable from one number.
//!
//! A [`World`](world::World) holds clients (each a real engine without its thread, on a clock of its own), one server
//! (the memory backend's `step` on a state of its own) and the wires between them. It runs one event after the other in
//! virtual time, so that a run is a pure function of its seed and its [`Setup`](setup::Setup). The
//! [`Checker`](check::Checker) sees everything from outside and counts what breaks a promise. `scenarios` wants no
//! violation; `necessity` switches off one rule after the other and wants the violation that the rule prevents.
//!
//! `LOCK_SIM_SEEDS=5000 cargo test --release -p lock-core --lib simulation -- --nocapture` runs more seeds;
//! `LOCK_SIM_TRACE=42` prints what happens in seed 42.

mod acknowledged;
mod by_hand;
mod check;
mod client;
mod delivery;
mod ending;
mod extensions;
mod faults;
mod forged;
mod mutation;
mod necessity;
mod network;
pub(crate) mod puppet;
pub(crate) mod random;
mod refusals;
mod scenarios;
mod server;
mod server_check;
mod setup;
mod tasks;
pub(crate) mod time;
mod verdict;
mod world;
