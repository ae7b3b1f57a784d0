//! Undoing what may have been left on the server.

use std::time::Duration;

use tokio::sync::oneshot;

use super::desk::Desk;
use super::events::Event;
use super::line_key::LineKey;
use super::rules::{millis, pause};
use crate::backend::{Answer, Entry, Fault, FaultClass, HoldId, Operation, REQUEST_LIMIT, Reply, Via};
use crate::clock::Moment;

/// The answer that a caller of `release` waits for.
pub(super) type ReleaseAnswer = oneshot::Sender<Result<Released, Fault>>;

/// How a release ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Released {
    /// The server freed it.
    Freed,
    /// The server knew nothing of it: it was lost before.
    WasLost,
    /// The server was not asked: passed on within this process, or still in use by other entries.
    Kept,
}

/// An id that is to leave the server: out of the queue, and freed if owner.
///
/// What could go wrong: the undo is answered "nothing there" and a delayed copy of the acquire runs afterwards: a lock
/// that nobody has. It can't: an undo ends only when it was answered at a server time past every copy's not-after, after
/// which copies refuse themselves, or when even a copy that ran at the last moment has expired.
pub(super) struct Undo {
    pub(super) line: LineKey,
    pub(super) entry: Option<Entry>,
    /// It is not to be free before this. Until it was answered once: then it is kept under another id.
    keep_until: Option<Moment>,
    /// Copies of the acquire may run until then, in server time; `None` where every copy was answered.
    pub(super) copies_until_ms: Option<u64>,
    /// By then whatever could be on the server has expired.
    pub(super) over_at: Moment,
    pub(super) in_flight: Option<u64>,
    pub(super) next: Moment,
    tries: u32,
    /// Set while a caller waits for the outcome.
    awaited: Option<Awaited>,
}

/// A caller of `release`, who waits for the request limit at most.
struct Awaited {
    answer: ReleaseAnswer,
    until: Moment,
    fault: Option<Fault>,
}

impl Undo {
    pub(super) fn new(
        line: LineKey,
        entry: Option<Entry>,
        copies_until_ms: Option<u64>,
        over_at: Moment,
    ) -> Self {
        Self {
            line,
            entry,
            keep_until: None,
            copies_until_ms,
            over_at,
            in_flight: None,
            next: Moment::default(),
            tries: 0,
            awaited: None,
        }
    }

    pub(super) fn keeping(mut self, until: Option<Moment>) -> Self {
        self.keep_until = until;
        self
    }

    pub(super) fn answering(mut self, answer: Option<ReleaseAnswer>, now: Moment) -> Self {
        self.awaited = answer.map(|answer| Awaited { answer, until: now + REQUEST_LIMIT, fault: None });
        self
    }

    /// By when everything is over that was sent until `sent` and lasts for `lease`.
    pub(super) fn over_at(sent: Moment, lease: Duration) -> Moment {
        sent + REQUEST_LIMIT + lease + lease / 50 + Duration::from_secs(1)
    }

    /// Sends it, if it is time.
    pub(super) fn drive(&mut self, id: &HoldId, via: Via, desk: &mut Desk) {
        if self.in_flight.is_none() && desk.now >= self.next {
            let left = self.keep_until.map(|until| until.since(desk.now)).filter(|left| !left.is_zero());
            let operation = match left {
                Some(left) => Operation::Keep { keep_ms: millis(left) },
                None => Operation::Forget { entry: self.entry.clone() },
            };
            self.in_flight = Some(desk.send_undo(&self.line.name, id, operation, via));
        }
        if let Some(awaited) = &self.awaited {
            desk.effects.look_again(awaited.until);
            if desk.now >= awaited.until {
                self.unconfirmed(desk);
            }
        }
        desk.effects.look_again(if self.in_flight.is_some() {
            self.over_at
        } else {
            self.next.min(self.over_at)
        });
    }

    /// Takes in an answer; says whether the id is gone for good.
    pub(super) fn answered(&mut self, answer: Answer, desk: &mut Desk) -> bool {
        self.in_flight = None;
        self.tries += 1;
        let fault = match answer {
            Answer::Reply { reply, server_ms, .. } => {
                self.confirmed(&reply, desk);
                self.keep_until = None;
                return match self.copies_until_ms {
                    Some(until) if server_ms <= until && desk.rules.repeat_undo => {
                        self.next = desk.now + Duration::from_millis(until - server_ms + 5);
                        false
                    }
                    _ => true,
                };
            }
            Answer::Failed(fault) | Answer::Lost(fault) | Answer::Unsent(fault) => fault,
        };
        self.next = desk.now + pause(self.tries);
        let class = fault.class;
        if let Some(awaited) = &mut self.awaited {
            awaited.fault = Some(fault);
            if class != FaultClass::Transient {
                self.unconfirmed(desk);
            }
        }
        // Data of another program can't hold our id.
        class == FaultClass::Foreign
    }

    fn confirmed(&mut self, reply: &Reply, desk: &mut Desk) {
        let Some(awaited) = self.awaited.take() else {
            return;
        };
        // "Nothing there" to a release sent again may be the echo of the first one, which freed it.
        let freed = matches!(reply, Reply::Forgotten { was_owner: true }) || self.tries > 1;
        let released = if freed { Released::Freed } else { Released::WasLost };
        desk.effects.answers.push((awaited.answer, Ok(released)));
    }

    /// The caller is told that the server has not confirmed; the undo goes on, or ends with the lease.
    pub(super) fn unconfirmed(&mut self, desk: &mut Desk) {
        let Some(awaited) = self.awaited.take() else {
            return;
        };
        let fault = awaited.fault.unwrap_or_else(super::fault_no_answer);
        let event =
            Event::ReleaseUnconfirmed { key: self.line.name.to_string(), reason: fault.message.clone() };
        desk.effects.events.push(event);
        desk.effects.answers.push((awaited.answer, Err(fault)));
    }

    /// Whether the server has said nothing of it yet, nor the connection that it is away.
    pub(super) fn is_unanswered(&self) -> bool {
        self.tries == 0
    }

    pub(super) fn is_over(&self, now: Moment) -> bool {
        now >= self.over_at
    }
}
