//! The task that drives a lane: it connects, sends what waits as few calls, and brings the answers.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;

use ::redis::aio::MultiplexedConnection;
use ::redis::{Cmd, ErrorKind, RedisResult, ServerErrorKind, Value};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;

use super::acknowledged::Quorum;
use super::class;
use super::connection::{Connection, no_error};
use super::fault;
use super::hub::Hub;
use super::lane::{Answers, Flight, Lane, Round};
use super::relay::{Turn, take_turns};
use super::scripts;
use crate::backend::{Answer, Fault, Generation, Reply, Request};
use crate::clock::Moment;

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
        let mut opening = std::pin::pin!(Connection::open(self.hub.config()));
        let opened = std::future::poll_fn(|context| {
            if self.lane.is_over(context, epoch) {
                return Poll::Ready(None);
            }
            opening.as_mut().poll(context).map(Some)
        })
        .await?;
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
            self.hub.answer(self.lane.broke(epoch, &fault, self.hub.now()));
        }
    }

    /// One call, from its bytes to its answers; whether the connection is still good.
    async fn call(
        &self,
        mut calls: MultiplexedConnection,
        flight: Arc<Flight>,
        generation: &Generation,
    ) -> bool {
        let requests: Vec<&Request> = flight.requests.iter().collect();
        let counter = self.hub.counter_key();
        let mut sent = flight.sent;
        let mut acknowledged = None;
        let mut outcome = {
            let command = scripts::command(flight.script, counter, &requests);
            self.ask(&mut calls, &command, &requests, &mut acknowledged).await
        };
        if is_unknown_script(&outcome) {
            // Nothing was executed, so the same requests may go again, unless a later call has one of their names: it
            // may have been executed already, and they had to run in front of it. Then the engine decides.
            if self.lane.is_followed(&flight) {
                let mut load = ::redis::cmd("SCRIPT");
                load.arg("LOAD").arg(flight.script.source());
                let _ = ask(&mut calls, &load).await;
            } else {
                sent = self.hub.now();
                let fallback = scripts::fallback_command(flight.script, counter, &requests);
                outcome = self.ask(&mut calls, &fallback, &requests, &mut acknowledged).await;
            }
        }
        let (mut answers, worth) = if requests.len() > 1 && is_forbidden(&outcome) && acknowledged.is_none() {
            self.one_by_one(&mut calls, &flight, &requests, generation).await
        } else {
            answers(&requests, outcome, sent, generation)
        };
        if let Some(shortfall) = acknowledged.flatten() {
            // What the server itself refused stays refused; what it did counts for nothing.
            for (_, answer) in answers.iter_mut().filter(|(_, answer)| is_held(answer)) {
                *answer = shortfall.clone();
            }
        }
        if worth == Worth::Refused {
            self.hub.doubt_subscription();
        }
        let good = worth == Worth::Good;
        if self.lane.land(flight.number, good) {
            self.hub.answer(answers);
        }
        good
    }
}

impl Driver {
    /// Runs a command; on a lane that waits for replicas, `acknowledged` then says what their silence means, if anything.
    async fn ask(
        &self,
        calls: &mut MultiplexedConnection,
        command: &Cmd,
        requests: &[&Request],
        acknowledged: &mut Option<Option<Answer>>,
    ) -> RedisResult<Value> {
        if self.lane.replicas == 0 {
            return ask(calls, command).await;
        }
        let quorum = Quorum::of(self.lane.replicas, requests, self.hub.now());
        let (outcome, count) = quorum.ask(calls, command, self.hub.acknowledged_channel()).await;
        *acknowledged = Some(quorum.shortfall(&count));
        outcome
    }

    /// The server has refused the call, and executed nothing, because of one key: each request goes again in a call of its
    /// own, so that one name that is forbidden does not refuse the others.
    ///
    /// What could go wrong: a later request of a name overtaking one of these. It can't: behind a call that has one nothing
    /// is sent again, and these leave together, before another round can take a later one off.
    async fn one_by_one(
        &self,
        calls: &mut MultiplexedConnection,
        flight: &Flight,
        requests: &[&Request],
        generation: &Generation,
    ) -> (Answers, Worth) {
        if self.lane.is_followed(flight) {
            let fault = fault::transient("another request of the same call was refused");
            let answer = |request: &&Request| (request.seq, Answer::Failed(fault.clone()));
            return (requests.iter().map(answer).collect(), Worth::Good);
        }
        let counter = self.hub.counter_key();
        let mut alone = ::redis::pipe();
        for request in requests {
            alone.add_command(scripts::command(flight.script, counter, &[request]));
        }
        let sent = self.hub.now();
        let outcomes = match calls.send_packed_commands(&alone, 0, requests.len()).await {
            Ok(outcomes) if outcomes.len() == requests.len() => outcomes,
            Ok(_) => {
                let fault = fault::transient("the lock server's replies do not fit the requests");
                let answer = |request: &&Request| (request.seq, Answer::Lost(fault.clone()));
                return (requests.iter().map(answer).collect(), Worth::Broken);
            }
            Err(error) => return answers(requests, Err(error), sent, generation),
        };
        let mut all = Answers::with_capacity(requests.len());
        let mut worst = Worth::Good;
        for (request, outcome) in requests.iter().zip(outcomes) {
            let (mut answer, worth) = answers(&[request], no_error(outcome), sent, generation);
            all.append(&mut answer);
            worst = worst.max(worth);
        }
        (all, worst)
    }
}

async fn ask(calls: &mut MultiplexedConnection, command: &Cmd) -> RedisResult<Value> {
    calls.send_packed_command(command).await.and_then(no_error)
}

fn is_held(answer: &Answer) -> bool {
    matches!(answer, Answer::Reply { reply: Reply::Held { .. }, .. })
}

fn is_unknown_script(outcome: &RedisResult<Value>) -> bool {
    const UNKNOWN: ErrorKind = ErrorKind::Server(ServerErrorKind::NoScript);
    outcome.as_ref().is_err_and(|error| error.kind() == UNKNOWN)
}

/// Whether the server let the call do nothing at all because the user may not.
fn is_forbidden(outcome: &RedisResult<Value>) -> bool {
    outcome.as_ref().is_err_and(|error| error.code() == Some("NOPERM"))
}

/// What a call has shown its connection to be worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Worth {
    Good,
    /// It works, but every request will be refused there: the server was demoted, or wants another login.
    Refused,
    Broken,
}

/// One answer for each request, whatever came; and whether the connection is good for more.
fn answers(
    requests: &[&Request],
    outcome: RedisResult<Value>,
    sent: Moment,
    generation: &Generation,
) -> (Answers, Worth) {
    let to_all = |answer: Answer| requests.iter().map(|request| (request.seq, answer.clone())).collect();
    let value = match outcome {
        Ok(value) => value,
        Err(error) => {
            let worth = if error.is_unrecoverable_error() {
                Worth::Broken
            } else if error.code().is_some_and(class::is_of_connection) {
                Worth::Refused
            } else {
                Worth::Good
            };
            return (to_all(fault::of_call(&error)), worth);
        }
    };
    let decoded = match scripts::decode(value, requests) {
        Ok(decoded) => decoded,
        // It answers something else than was asked: what became of the requests nobody knows, and the replies behind
        // it would be taken for others too.
        Err(fault) => return (to_all(Answer::Lost(fault)), Worth::Broken),
    };
    // The scripts tell the refusals of single operations as replies, a demoted master's too.
    let refused = decoded
        .replies
        .iter()
        .any(|(_, reply)| matches!(reply, Err(fault) if class::is_of_connection(&fault.message)));
    let worth = if refused { Worth::Refused } else { Worth::Good };
    let mut replies = decoded.replies.into_iter();
    let answers = requests
        .iter()
        .map(|request| {
            let answer = match replies.next() {
                Some((seq, Ok(reply))) if seq == request.seq => Answer::Reply {
                    reply,
                    sent,
                    server_ms: decoded.server_ms,
                    generation: generation.clone(),
                },
                Some((seq, Err(fault))) if seq == request.seq => Answer::Failed(fault),
                _ => Answer::Lost(fault::transient("the lock server's reply does not fit the request")),
            };
            (request.seq, answer)
        })
        .collect();
    (answers, worth)
}
