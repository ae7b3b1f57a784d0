//! Locks where there is more than one server.

mod cluster;
mod sentinel;
