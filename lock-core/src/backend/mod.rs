//! What the engine needs of a server, and what a server tells the engine.
//!
//! A [`Backend`] takes [`Request`]s and never blocks: each request is answered exactly once through the engine's
//! [`Inbox`], if only with "the answer was lost". Nothing here is a future, so nothing can be dropped half-way: a
//! request is written into the engine's table before it is submitted, and stays there until it is answered.

pub(crate) mod bounds;
pub mod memory;
#[cfg(feature = "redis")]
pub mod redis;
mod request;

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

pub use request::{
    Acquire, Answer, Channel, Entry, Fault, FaultClass, Generation, Grant, HoldId, Mode, Operation, Place,
    REQUEST_LIMIT, Reply, Request, Via,
};

use crate::clock::Moment;
use crate::error::LockError;

/// What [`Backend::start`] returns.
pub type Starting<'a> = Pin<Box<dyn Future<Output = Result<(), LockError>> + Send + 'a>>;

/// A place where locks are kept.
pub trait Backend: Send + Sync + fmt::Debug + 'static {
    /// Makes ready: connects, checks the server, subscribes to `channel`, starts what runs in the background. Called
    /// once, on the engine's thread inside its tokio runtime, before any request. Grants for `channel` go to `inbox`,
    /// which is dropped in [`stop`](Self::stop).
    ///
    /// # Errors
    /// What a user has to hear when connecting: a wrong address, a refused password, a missing permission.
    fn start<'a>(&'a self, channel: &'a Channel, inbox: Arc<dyn Inbox>) -> Starting<'a>;

    /// What an operator should read about the servers after [`start`](Self::start): an evicting `maxmemory-policy`, for
    /// example.
    fn warnings(&self) -> Vec<String> {
        Vec::new()
    }

    /// Whether a lease counts only after an extension of it was answered through [`Via::Replicated`].
    fn needs_acknowledgement(&self) -> bool {
        false
    }

    /// Takes requests, in the order in which those of one name must run. Returns at once. May answer before it returns.
    fn submit(&self, requests: Vec<Request>);

    /// Called by the engine at least every 50 ms while any request is unanswered, from a thread that no user code can
    /// block: requests submitted more than the request limit ago are answered [`Answer::Lost`] (bytes may have left)
    /// or [`Answer::Unsent`] here.
    fn tick(&self, now: Moment);

    /// Ends connections and tasks. Requests still in flight are answered [`Answer::Lost`].
    fn stop(&self);
}

/// The engine's side: where answers and grants arrive. Callable from any thread.
pub trait Inbox: Send + Sync {
    /// The answers to requests, by [`Request::seq`].
    fn answers(&self, answers: Vec<(u64, Answer)>);

    /// A grant that the server pushed. A hint: believed only under the rules of the engine.
    fn granted(&self, grant: Grant);

    /// The server's clock showed `server_ms` at some moment after `sent`.
    fn server_time(&self, sent: Moment, server_ms: u64);

    /// Whether grants can arrive at present.
    fn listening(&self, listening: bool);
}
