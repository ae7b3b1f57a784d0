//! Locks on servers that stand in for each other.

mod cluster;
