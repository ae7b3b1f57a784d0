//! Locks where there is more than one server.

mod cluster;
mod red;
mod sentinel;
