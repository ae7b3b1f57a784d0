//! Locks on more than one server.

mod red;
