//! The task that drives a lane: it connects, sends what waits as few calls, and brings the answers.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;

use ::redis::aio::MultiplexedConnection;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;

use super::connection::Connection;
use super::exchange::{Exchange, Worth};
use super::fault;
use super::hub::Hub;
use super::lane::{Flight, Lane, Round};
use super::relay::{Turn, take_turns};
use crate::backend::{Fault, FaultClass, Generation};

/// Closes the lane however its driver ends: with its runtime, by a panic, or when the backend stops. Made before the task
/// is spawned, since a runtime that is shutting down drops a task without ever polling it.
pub(super) struct Driver {
    hub: Arc<Hub>,
    lane: Arc<Lane>,
    /// While it is polled. Dropped then, it has panicked itself; a panic of a user that unwinds through a runtime drops it
    /// at another time.
    polled: AtomicBool,
}

impl Drop for Driver {
    fn drop(&mut self) {
        let panicked = *self.polled.get_mut() && std::thread::panicking();
        self.hub.lane_ended(&self.lane, panicked);
    }
}

impl Driver {
    pub(super) fn new(hub: Arc<Hub>, lane: Arc<Lane>) -> Self {
        Self { hub, lane, polled: AtomicBool::new(false) }
    }

    /// Runs until the lane is closed, beginning with `open` if there is a connection already.
    pub(super) async fn run(self, open: Option<Connection>) {
        let mut driving = std::pin::pin!(self.drive(open));
        std::future::poll_fn(|context| {
            self.polled.store(true, Ordering::Relaxed);
            let polled = driving.as_mut().poll(context);
            self.polled.store(false, Ordering::Relaxed);
            polled
        })
        .await;
    }

    async fn drive(&self, open: Option<Connection>) {
        if let Some(connection) = open {
            let epoch = self.lane.adopt();
            self.serve(connection, epoch).await;
        }
        while let Some(epoch) = self.wanted().await {
            match self.open(epoch).await {
                None => {}
                Some(Ok(connection)) => self.serve(connection, epoch).await,
                Some(Err(fault)) => {
                    self.hub.lane_in_trouble();
                    self.hub.answer(self.lane.failed_to_open(epoch, &fault, self.hub.now()));
                }
            }
        }
    }

    async fn wanted(&self) -> Option<u64> {
        std::future::poll_fn(|context| self.lane.poll_wanted(context, self.hub.now())).await
    }

    /// `None` if the attempt was given up; then its socket is closed by dropping it here.
    async fn open(&self, epoch: u64) -> Option<Result<Connection, Fault>> {
        let config = self.hub.config().at(self.lane.node());
        let mut opening = std::pin::pin!(Connection::open(&config));
        let opened = std::future::poll_fn(|context| {
            if self.lane.is_over(context, epoch) {
                return Poll::Ready(None);
            }
            opening.as_mut().poll(context).map(Some)
        })
        .await?;
        let opened = opened.map_err(|fault| match fault.class {
            // A login that is asked for may be another one at the next attempt: while it is renewed, the server and those who are
            // asked are not of one mind for a moment. Those who wait go on to wait.
            FaultClass::Refused if config.asks_for_login() => {
                Fault::new(FaultClass::Transient, fault.message)
            }
            _ => fault,
        });
        Some(opened.map(|(connection, time)| {
            self.lane.opened(epoch);
            self.hub.server_time(time);
            self.hub.lane_found(&connection.generation);
            connection
        }))
    }

    /// Sends and receives until the connection ends or is given up; returning drops it.
    async fn serve(&self, mut connection: Connection, epoch: u64) {
        let generation = connection.generation.clone();
        let mut calls = FuturesUnordered::new();
        let fault = take_turns(|context| {
            let (flights, rest) = match self.lane.next_round(context, epoch, || self.hub.now()) {
                Round::Over => return Err(None),
                Round::Send(flights) => (flights, Turn::Sleep),
                Round::Crowd => (Vec::new(), Turn::Yield),
            };
            let sent = !flights.is_empty();
            for flight in flights {
                calls.push(self.call(connection.calls.clone(), flight, &generation));
            }
            // First the calls, which put their bytes into the connection's queue, then the bytes, then the answers that
            // came with them.
            let (mut moved, mut ended) = (sent, false);
            while let Poll::Ready(Some(good)) = calls.poll_next_unpin(context) {
                moved = true;
                ended |= !good;
            }
            ended |= connection.poll_io(context).is_ready();
            while let Poll::Ready(Some(good)) = calls.poll_next_unpin(context) {
                moved = true;
                ended |= !good;
            }
            if ended {
                return Err(Some(fault::transient("the connection to the lock server broke")));
            }
            Ok(if moved { Turn::Moved } else { rest })
        })
        .await;
        if let Some(fault) = fault {
            self.hub.lane_in_trouble();
            self.hub.answer(self.lane.broke(epoch, &fault, self.hub.now()));
        }
    }

    /// One flight, from its bytes to its answers; whether the connection is still good.
    async fn call(&self, calls: MultiplexedConnection, flight: Arc<Flight>, generation: &Generation) -> bool {
        let landed = Exchange::new(&self.hub, &self.lane, &flight, generation).run(calls).await;
        if landed.worth == Worth::Refused {
            self.hub.doubt_subscription();
        }
        let good = landed.worth == Worth::Good;
        if self.lane.land(flight.number, good) {
            self.hub.answer(landed.answers);
            self.hub.send_on(landed.sent_on);
        }
        good
    }
}
