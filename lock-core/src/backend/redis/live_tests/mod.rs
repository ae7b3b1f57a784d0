//! The backend against real servers, which these tests start themselves.

mod engine;
mod failures;
mod requests;
mod runtimes;
mod server;
mod slots;
mod start;
mod useless;
