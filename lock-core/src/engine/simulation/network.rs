//! The wires: what an engine submits, and how connections carry, delay, break and lose it.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::random::Random;
use super::setup::Weather;
use super::time::Micros;
use crate::backend::{Backend, Channel, Inbox, Request, Starting, Via};
use crate::clock::Moment;

/// The engine's side of the wires: keeps what is submitted until the world takes it.
#[derive(Default)]
pub(super) struct Wire {
    outbox: Mutex<Vec<Request>>,
    ticked: AtomicBool,
}

impl Wire {
    pub(super) fn take(&self) -> Vec<Request> {
        std::mem::take(&mut *self.outbox.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether the engine has told the time since this was last asked.
    pub(super) fn was_ticked(&self) -> bool {
        self.ticked.swap(false, Ordering::Relaxed)
    }
}

impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wire").finish_non_exhaustive()
    }
}

impl Backend for Wire {
    fn start<'a>(&'a self, _: &'a Channel, _: Arc<dyn Inbox>) -> Starting<'a> {
        Box::pin(std::future::ready(Ok(())))
    }

    fn submit(&self, requests: Vec<Request>) {
        self.outbox.lock().unwrap_or_else(PoisonError::into_inner).extend(requests);
    }

    fn tick(&self, _: Moment) {
        self.ticked.store(true, Ordering::Relaxed);
    }

    fn stop(&self) {}
}

/// A request on its way; the bytes of one may arrive long after its connection has ended.
#[derive(Clone, Debug)]
pub(super) struct Copy {
    pub(super) from: Origin,
    pub(super) request: Request,
    /// When its first byte left, by the client's clock.
    pub(super) sent: Moment,
    pub(super) postponed: bool,
    /// Whether an earlier one went out on a connection that was given up.
    pub(super) again: bool,
}

/// One life of one connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Origin {
    pub(super) client: usize,
    pub(super) line: usize,
    pub(super) epoch: u32,
}

/// What becomes of the bytes of a connection that broke, or that went silent.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fate {
    /// Bytes that would arrive later than this never do.
    pub(super) cut: Micros,
    /// The others arrive so much later.
    pub(super) delay: Micros,
}

/// One connection of a client: first in, first out, each way.
#[derive(Clone, Debug, Default)]
pub(super) struct Connection {
    pub(super) epoch: u32,
    last_arrival: Micros,
    last_reply: Micros,
    /// It connects until then.
    pub(super) up_at: Micros,
}

impl Connection {
    pub(super) fn arrival(&mut self, sent: Micros, delay: Micros) -> Micros {
        self.last_arrival = (sent + delay).max(self.last_arrival + 1);
        self.last_arrival
    }

    pub(super) fn reply(&mut self, now: Micros, delay: Micros) -> Micros {
        self.last_reply = (now + delay).max(self.last_reply + 1);
        self.last_reply
    }

    pub(super) fn begin_anew(&mut self, up_at: Micros) {
        self.epoch += 1;
        (self.last_arrival, self.last_reply, self.up_at) = (0, 0, up_at);
    }
}

/// Which connection a request travels on.
pub(super) fn line_of(via: Via) -> usize {
    match via {
        Via::Caller => 0,
        Via::Engine => 1,
        Via::Replicated => 2,
    }
}

/// How long a message takes.
pub(super) fn delay(weather: &Weather, random: &mut Random) -> Micros {
    let usual = random.between(40, 400);
    let slow = if random.per_mille(weather.slow) {
        // Most are a little slow, some very.
        let most = weather.slow_by.as_micros() as u64;
        random.between(0, most) * random.between(1, 100) / 100
    } else {
        0
    };
    usual + slow
}
