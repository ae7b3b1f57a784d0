//! Red locks under every kind of trouble, simulated: the production code of this kind on real engines, the real protocol step at
//! each of several masters, and between them links that delay, lose and repeat; all of it repeatable from one number.
//!
//! A [`World`](world::World) holds processes (each with a clock of its own and one engine for each master), the masters (each
//! with a clock of its own that may be wrong by nearly the longest lease), and the links. Masters forget everything, are started
//! again with an old copy of their data, and stand still; links break; processes stand still and die. After every event it is
//! looked from outside at who holds: never two at once, and each with a higher token than the one before.
//!
//! `LOCK_SIM_SEEDS=5000 cargo test --release -p lock-core --lib red::simulation -- --nocapture` runs more seeds;
//! `LOCK_SIM_TRACE=42` prints what happens in seed 42.

mod link;
mod master;
mod process;
mod scenarios;
mod trouble;
mod verdict;
mod world;
