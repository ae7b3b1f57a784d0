//! Undoing what may have been left on the server.

use std::time::Duration;

use tokio::sync::oneshot;

use super::desk::Desk;
use super::events::Event;
use super::rules::pause;
use crate::backend::{Answer, Entry, Fault, HoldId, Operation, REQUEST_LIMIT, Reply, Via};
use crate::clock::Moment;
use crate::name::LockName;

/// The answer that a caller of `release` waits for.
pub(super) type ReleaseAnswer = oneshot::Sender<Result<Released, Fault>>;

/// How a release ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Released {
    /// The server freed it.
    Freed,
    /// The server knew nothing of it: it was lost before.
    WasLost,
    /// It was passed on within this process.
    Passed,
}

/// An id that is to leave the server: out of the queue, and freed if owner.
///
/// What could go wrong: the undo is answered "nothing there" and a delayed copy of the acquire runs afterwards: a lock
/// that nobody has. It can't: an undo ends only when it was answered at a server time past every copy's not-after, after
/// which copies refuse themselves, or when even a copy that ran at the last moment has expired.
pub(super) struct Undo {
    pub(super) name: LockName,
    pub(super) entry: Option<Entry>,
    /// Copies of the acquire may run until then, in server time; `None` where every copy was answered.
    pub(super) copies_until_ms: Option<u64>,
    /// By then whatever could be on the server has expired.
    pub(super) over_at: Moment,
    pub(super) in_flight: Option<u64>,
    pub(super) next: Moment,
    tries: u32,
    /// Set while a caller waits for its first answer.
    answer: Option<ReleaseAnswer>,
}

impl Undo {
    pub(super) fn new(
        name: LockName,
        entry: Option<Entry>,
        copies_until_ms: Option<u64>,
        over_at: Moment,
    ) -> Self {
        Self {
            name,
            entry,
            copies_until_ms,
            over_at,
            in_flight: None,
            next: Moment::default(),
            tries: 0,
            answer: None,
        }
    }

    pub(super) fn answering(mut self, answer: Option<ReleaseAnswer>) -> Self {
        self.answer = answer;
        self
    }

    /// By when everything is over that was asked for `lease` at `last_sent` or later extended until `valid_until`.
    pub(super) fn over_at(last_sent: Moment, lease: Duration) -> Moment {
        last_sent + REQUEST_LIMIT + lease + lease / 50 + Duration::from_secs(1)
    }

    /// Sends it, if it is time.
    pub(super) fn drive(&mut self, id: &HoldId, via: Via, desk: &mut Desk) {
        if self.in_flight.is_none() && desk.now >= self.next {
            let operation = Operation::Forget {
                entry: self.entry.clone(),
            };
            self.in_flight = Some(desk.send_undo(&self.name, id, operation, via));
        }
        desk.effects.look_again(if self.in_flight.is_some() {
            self.over_at
        } else {
            self.next.min(self.over_at)
        });
    }

    /// Takes in an answer; says whether the undo has ended.
    pub(super) fn answered(&mut self, answer: Answer, desk: &mut Desk) -> bool {
        self.in_flight = None;
        self.tries += 1;
        let (fault, ended) = match answer {
            Answer::Reply { reply, server_ms, .. } => {
                let was_owner = matches!(reply, Reply::Forgotten { was_owner: true });
                if let Some(waiting) = self.answer.take() {
                    let certain = was_owner || self.tries > 1;
                    let released = if certain {
                        Released::Freed
                    } else {
                        Released::WasLost
                    };
                    desk.effects.answers.push((waiting, Ok(released)));
                }
                match self.copies_until_ms {
                    Some(until) if server_ms <= until => {
                        self.next = desk.now + Duration::from_millis(until - server_ms + 5);
                        return false;
                    }
                    _ => (None, true),
                }
            }
            // Data of another program can't hold our id.
            Answer::Failed(fault) if fault.class == crate::backend::FaultClass::Foreign => {
                (Some(fault), true)
            }
            Answer::Failed(fault) | Answer::Lost(fault) | Answer::Unsent(fault) => (Some(fault), false),
        };
        if let Some(fault) = fault {
            if let Some(waiting) = self.answer.take() {
                desk.effects.events.push(Event::ReleaseUnconfirmed {
                    key: self.name.to_string(),
                    reason: fault.message.clone(),
                });
                desk.effects.answers.push((waiting, Err(fault)));
            }
            self.next = desk.now + pause(self.tries);
        }
        ended
    }

    pub(super) fn is_over(&self, now: Moment) -> bool {
        now >= self.over_at
    }
}
