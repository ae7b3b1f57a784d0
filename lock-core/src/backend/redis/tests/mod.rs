//! The scripts on real servers, which these tests start and stop themselves.

mod census;
mod differential;
mod ears;
mod pair;
mod play;
mod refusals;
mod server;
mod text;
