//! The scripts on real servers, which these tests start and stop themselves.

mod differential;
mod ears;
mod pair;
mod refusals;
mod server;
mod text;
mod without_counter;
