//! What becomes of one flight: its calls to the server, the few that go again, and the answers.

use ::redis::aio::MultiplexedConnection;
use ::redis::{Cmd, ErrorKind, RedisError, RedisResult, ServerErrorKind, Value};

use super::acknowledged::Quorum;
use super::class;
use super::cluster::{Detour, Redirect};
use super::connection::no_error;
use super::errand::{Errand, Form};
use super::fault;
use super::hub::Hub;
use super::lane::{Answers, Flight, Lane};
use super::scripts::{self, Script, Terms};
use crate::backend::{Answer, FaultClass, Generation, Reply, Request};
use crate::clock::Moment;

/// What a call has shown its connection to be worth.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Worth {
    #[default]
    Good,
    /// It works, but every request will be refused there: the server was demoted, or wants another login.
    Refused,
    Broken,
}

/// What a flight has brought: every request is in one of the two lists.
#[derive(Debug, Default)]
pub(super) struct Landed {
    pub(super) answers: Answers,
    /// What another node of the cluster has to answer; here nothing was done.
    pub(super) sent_on: Vec<Detour>,
    pub(super) worth: Worth,
}

/// A flight in the hands of its driver.
pub(super) struct Exchange<'a> {
    hub: &'a Hub,
    lane: &'a Lane,
    flight: &'a Flight,
    generation: &'a Generation,
    /// What the server does not know, and none of the calls could bring.
    missing: Vec<Script>,
    /// On a lane that waits for replicas: what a grant of the last round is answered instead, since too few have it.
    shortfall: Option<Answer>,
    landed: Landed,
}

/// One call of a round.
#[derive(Clone, Copy)]
struct Attempt<'a> {
    /// Which call of the flight, or part of which.
    call: usize,
    script: Script,
    form: Form,
    errands: &'a [Errand],
    text: Text,
}

/// How the server gets to know the script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Text {
    /// It should know it.
    Known,
    /// It says that it does not: with the call.
    Sent,
    /// The same, in front of the call: others of the round need it too.
    Loaded,
    /// The same, by an earlier call of this round.
    Again,
}

impl<'a> Exchange<'a> {
    pub(super) fn new(hub: &'a Hub, lane: &'a Lane, flight: &'a Flight, generation: &'a Generation) -> Self {
        Self {
            hub,
            lane,
            flight,
            generation,
            missing: Vec::new(),
            shortfall: None,
            landed: Landed::default(),
        }
    }

    /// Sends the flight's calls, and those again that the server has not run for a reason that another form avoids.
    pub(super) async fn run(mut self, mut connection: MultiplexedConnection) -> Landed {
        let mut sent = self.flight.sent;
        let calls = self.flight.calls.iter().enumerate();
        let mut round: Vec<Attempt<'a>> = calls
            .map(|(call, batch)| Attempt {
                call,
                script: batch.script,
                form: batch.form,
                errands: &batch.errands,
                text: Text::Known,
            })
            .collect();
        while !round.is_empty() {
            let outcomes = self.outcomes(&mut connection, &round).await;
            let mut next = Vec::new();
            for (attempt, outcome) in round.iter().zip(outcomes) {
                self.settle(attempt, outcome, sent, &mut next);
            }
            if next.len() > 1 {
                load_once(&mut next);
            }
            round = next;
            sent = self.hub.now();
        }
        for script in std::mem::take(&mut self.missing) {
            let _ = connection.send_packed_command(&scripts::load_command(script)).await;
        }
        self.landed
    }

    /// One outcome for each attempt, out of one write.
    async fn outcomes(
        &mut self,
        connection: &mut MultiplexedConnection,
        round: &[Attempt<'_>],
    ) -> Vec<RedisResult<Value>> {
        if let [attempt] = round
            && self.lane.replicas == 0
            && attempt.form != Form::Asking
            && attempt.text != Text::Loaded
        {
            let outcome = connection.send_packed_command(&self.command(attempt)).await;
            return vec![outcome.and_then(no_error)];
        }
        let mut pipeline = ::redis::pipe();
        let mut replies = 0;
        let mut at = Vec::with_capacity(round.len());
        for attempt in round {
            if attempt.text == Text::Loaded {
                pipeline.add_command(scripts::load_command(attempt.script));
                replies += 1;
            }
            if attempt.form == Form::Asking {
                // Holds for the next command only, which therefore stands right behind it.
                pipeline.cmd("ASKING");
                replies += 1;
            }
            pipeline.add_command(self.command(attempt));
            at.push(replies);
            replies += 1;
        }
        let quorum = self.quorum(round);
        let waiting = quorum.map_or(0, |quorum| quorum.wait(&mut pipeline, self.hub.acknowledged_channel()));
        match connection.send_packed_commands(&pipeline, 0, replies + waiting).await {
            Ok(mut values) if values.len() == replies + waiting => {
                let waited = values.split_off(replies);
                self.shortfall = quorum.and_then(|quorum| quorum.shortfall(&Quorum::acknowledged(waited)));
                at.into_iter()
                    .map(|place| no_error(std::mem::replace(&mut values[place], Value::Nil)))
                    .collect()
            }
            Ok(_) => {
                let error =
                    RedisError::from((ErrorKind::Parse, "the lock server's replies do not fit the requests"));
                round.iter().map(|_| Err(error.clone())).collect()
            }
            Err(error) => round.iter().map(|_| Err(error.clone())).collect(),
        }
    }

    /// Whom the round waits for.
    fn quorum(&self, round: &[Attempt<'_>]) -> Option<Quorum> {
        let errands = round.iter().flat_map(|attempt| attempt.errands);
        (self.lane.replicas > 0).then(|| Quorum::of(self.lane.replicas, errands, self.hub.now()))
    }

    fn command(&self, attempt: &Attempt<'_>) -> Cmd {
        let requests: Vec<&Request> = attempt.errands.iter().map(|errand| &errand.request).collect();
        let counter = requests.first().map(|request| self.hub.counter_of(&request.name));
        let terms = Terms {
            counter: counter.as_deref().filter(|_| attempt.form == Form::Usual),
            generation: self.generation,
            in_cluster: self.hub.in_cluster(),
        };
        match attempt.text {
            Text::Sent => scripts::fallback_command(attempt.script, &terms, &requests),
            Text::Known | Text::Loaded | Text::Again => scripts::command(attempt.script, &terms, &requests),
        }
    }

    /// Answers the requests of an attempt, or puts them into the next round, or sends them on.
    ///
    /// What could go wrong: a later request of a name overtaking one that goes again. It can't: nothing goes again behind a
    /// call that has one of its names, and what goes again leaves before another flight is taken off behind it.
    fn settle(
        &mut self,
        attempt: &Attempt<'a>,
        outcome: RedisResult<Value>,
        sent: Moment,
        next: &mut Vec<Attempt<'a>>,
    ) {
        let unknown = attempt.text == Text::Known && is_unknown_script(&outcome);
        let split = attempt.errands.len() > 1 && is_forbidden(&outcome);
        if unknown || split {
            if self.lane.is_followed(self.flight, attempt.call) {
                if unknown && !self.missing.contains(&attempt.script) {
                    self.missing.push(attempt.script);
                }
                return self.fail(attempt, "another request of the same call was refused");
            }
            if unknown {
                // Nothing was executed, so the same requests may go again.
                next.push(Attempt { text: Text::Sent, ..*attempt });
            } else {
                // Refused, with nothing executed, because of one key: one name that is forbidden does not refuse the others.
                next.extend(attempt.errands.chunks(1).map(|errands| Attempt { errands, ..*attempt }));
            }
            return;
        }
        if let Err(error) = &outcome
            && self.hub.in_cluster()
            && let Some(redirect) =
                Redirect::of(error, self.lane.node(), &self.hub.config().access().addresses)
        {
            let counters = usize::from(attempt.script == Script::Acquire && attempt.form == Form::Usual);
            let keys = attempt.errands.len() + counters;
            for errand in attempt.errands {
                match Detour::after(errand, &redirect, keys, self.lane.node()) {
                    Some(detour) => self.landed.sent_on.push(detour),
                    None => self.landed.answers.push((errand.request.seq, fault::of_call(error))),
                }
            }
            self.hub.redirected(&redirect);
            return;
        }
        let requests: Vec<&Request> = attempt.errands.iter().map(|errand| &errand.request).collect();
        let (mut answers, worth) = answers(&requests, outcome, sent, self.generation);
        if let Some(shortfall) = &self.shortfall {
            // What the server itself refused stays refused; what it did counts for nothing.
            for (_, answer) in answers.iter_mut().filter(|(_, answer)| is_held(answer)) {
                *answer = shortfall.clone();
            }
        }
        if worth > Worth::Good || answers.iter().any(|(_, answer)| is_transient(answer)) {
            self.hub.lane_in_trouble();
        }
        self.landed.worth = self.landed.worth.max(worth);
        self.landed.answers.append(&mut answers);
    }

    fn fail(&mut self, attempt: &Attempt<'_>, why: &str) {
        let fault = fault::transient(why);
        let failed = |errand: &Errand| (errand.request.seq, Answer::Failed(fault.clone()));
        self.landed.answers.extend(attempt.errands.iter().map(failed));
    }
}

/// The text of a script travels once, however many calls need it.
fn load_once(round: &mut [Attempt<'_>]) {
    let mut loaded: Vec<Script> = Vec::with_capacity(2);
    for attempt in round.iter_mut().filter(|attempt| attempt.text == Text::Sent) {
        attempt.text = if loaded.contains(&attempt.script) {
            Text::Again
        } else {
            loaded.push(attempt.script);
            Text::Loaded
        };
    }
}

fn is_unknown_script(outcome: &RedisResult<Value>) -> bool {
    const UNKNOWN: ErrorKind = ErrorKind::Server(ServerErrorKind::NoScript);
    outcome.as_ref().is_err_and(|error| error.kind() == UNKNOWN)
}

/// Whether the server let the call do nothing at all because the user may not.
fn is_forbidden(outcome: &RedisResult<Value>) -> bool {
    outcome.as_ref().is_err_and(|error| error.code() == Some("NOPERM"))
}

fn is_held(answer: &Answer) -> bool {
    matches!(answer, Answer::Reply { reply: Reply::Held { .. }, .. })
}

fn is_transient(answer: &Answer) -> bool {
    matches!(answer, Answer::Failed(fault) if fault.class == FaultClass::Transient)
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
