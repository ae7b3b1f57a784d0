//! The fence in SQL that the documentation shows, against the faults that it is for: the statements are read out of the
//! README, and run in a database.

mod bank;
mod documented;
mod interleaved;
mod killed;
