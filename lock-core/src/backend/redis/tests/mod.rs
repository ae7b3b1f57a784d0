//! The scripts on real servers, which these tests start and stop themselves.

mod calls;
mod census;
mod costs;
mod damage;
mod deed;
mod differential;
mod ears;
mod full_memory;
mod pair;
mod play;
mod red_master;
mod refusals;
mod server;
mod shrink;
mod text;
mod without_counter;
