//! One attempt at a majority.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use super::masters::Masters;
use crate::clock::Moment;
use crate::engine::{Alarm, Hold, Waiting, Want};
use crate::error::{LockError, Votes};
use crate::name::LockName;

/// Asks all masters at once, each once; dropped, it gives back what it got, and undoes what is unknown.
///
/// What could go wrong: a token that is not above that of the holder before, since the majorities share one master only, and
/// its counter lags. It can't: the highest fence of the majority is written back to a majority before the lock counts as held,
/// so every later majority has a master that draws above it.
pub(super) struct Round<'a> {
    masters: &'a Masters,
    name: LockName,
    votes: Vec<Vote>,
    /// The highest fence of the majority, once there is one.
    fence: Option<u64>,
    since: Moment,
    limit: Duration,
    /// When the answers that are awaited now come too late.
    until: Moment,
    /// The end of the whole wait.
    latest: Moment,
    slowest: Duration,
    /// By master: why it last gave no vote. One that refuses a connection is not asked again at once, and is silent then.
    heard: Vec<Option<String>>,
    alarm: Alarm,
}

enum Vote {
    Open(Waiting),
    Granted {
        hold: Hold,
        known: Known,
    },
    Refused(LockError),
    /// Moved out.
    Gone,
}

/// Whether a master's counter is at the fence or past it.
enum Known {
    NotAsked,
    Asked(Pin<Box<dyn Future<Output = bool> + Send>>),
    Yes,
    No,
}

/// A majority that holds and knows the fence.
pub(super) struct Won {
    pub(super) fence: u64,
    /// By master: what it granted, or what it may yet.
    pub(super) holds: Vec<Option<Hold>>,
    pub(super) open: Vec<Option<Waiting>>,
}

pub(super) struct Failed {
    pub(super) error: LockError,
    pub(super) slowest: Duration,
    /// For the next round.
    pub(super) heard: Vec<Option<String>>,
}

impl<'a> Round<'a> {
    /// Nothing is sent before the first poll. `heard`: of the round before.
    pub(super) fn begin(
        masters: &'a Masters,
        want: &Want,
        mut heard: Vec<Option<String>>,
        latest: Moment,
    ) -> Self {
        heard.resize(masters.all().len(), None);
        let since = masters.first().now();
        let limit = Masters::answer_limit(want.expire);
        let once = Want { wait: Duration::ZERO, ..want.clone() };
        Self {
            votes: masters.all().iter().map(|it| Vote::Open(it.engine.acquire(once.clone()))).collect(),
            name: want.name.clone(),
            fence: None,
            since,
            limit,
            until: latest.min(since + limit),
            latest,
            slowest: Duration::ZERO,
            heard,
            alarm: masters.first().alarm(),
            masters,
        }
    }

    fn count(&self, choose: impl Fn(&Vote) -> bool) -> usize {
        self.votes.iter().filter(|vote| choose(vote)).count()
    }

    /// Takes in the masters' answers to the acquire.
    fn hear(&mut self, now: Moment, context: &mut Context<'_>) {
        for (vote, heard) in self.votes.iter_mut().zip(&mut self.heard) {
            let Vote::Open(waiting) = vote else { continue };
            let Poll::Ready(answer) = Pin::new(waiting).poll(context) else { continue };
            self.slowest = self.slowest.max(now.since(self.since));
            *vote = match answer {
                // Passed on within this process, it would bear the fence of the holder before.
                Ok(hold) if hold.cell().own_fence().is_some() => {
                    Vote::Granted { hold, known: Known::NotAsked }
                }
                Ok(hold) => Vote::Refused(LockError::Busy {
                    key: hold.cell().name.to_string(),
                    waited: now.since(self.since),
                    holder: None,
                    votes: None,
                }),
                Err(error) => Vote::Refused(error),
            };
            *heard = match vote {
                Vote::Refused(LockError::Unavailable { reason, .. } | LockError::Refused { reason, .. }) => {
                    Some(reason.clone())
                }
                Vote::Refused(LockError::ForeignData { .. }) => {
                    Some("it holds other data under this key".to_owned())
                }
                _ => None,
            };
        }
    }

    /// Makes the fence known, as soon as there is one.
    fn raise(&mut self, now: Moment, context: &mut Context<'_>) {
        if self.fence.is_none() && self.count(is_held) >= self.masters.needed() {
            let fences = self.votes.iter().filter(|vote| is_held(vote)).filter_map(|vote| match vote {
                Vote::Granted { hold, .. } => hold.cell().own_fence(),
                _ => None,
            });
            self.fence = fences.max();
            self.until = self.latest.min(now + self.limit);
        }
        let Some(fence) = self.fence else { return };
        for vote in &mut self.votes {
            let Vote::Granted { hold, known } = vote else { continue };
            if matches!(known, Known::NotAsked) {
                let drew_it = hold.cell().own_fence().is_some_and(|own| own >= fence);
                *known = if drew_it { Known::Yes } else { Known::Asked(Box::pin(hold.raise(fence))) };
            }
            if let Known::Asked(answer) = known
                && let Poll::Ready(confirmed) = answer.as_mut().poll(context)
            {
                *known = if confirmed { Known::Yes } else { Known::No };
            }
        }
    }

    fn win(&mut self, fence: u64) -> Won {
        let (mut holds, mut open) = (Vec::new(), Vec::new());
        for vote in &mut self.votes {
            let (hold, waiting) = match std::mem::replace(vote, Vote::Gone) {
                // Also who has not confirmed the fence yet: it has been asked to know it, and a majority does.
                Vote::Granted { hold, .. } => (Some(hold), None),
                Vote::Open(waiting) => (None, Some(waiting)),
                Vote::Refused(_) | Vote::Gone => (None, None),
            };
            holds.push(hold);
            open.push(waiting);
        }
        Won { fence, holds, open }
    }

    fn fail(&mut self, now: Moment) -> Failed {
        let error = self.error(now);
        Failed { error, slowest: self.slowest, heard: std::mem::take(&mut self.heard) }
    }

    fn error(&self, now: Moment) -> LockError {
        let busy = self.count(|vote| matches!(vote, Vote::Refused(LockError::Busy { .. })));
        let granted = self.count(|vote| matches!(vote, Vote::Granted { .. }));
        let unavailable = self.votes.len() - busy - granted;
        // There are never so many masters.
        let number = |count| u8::try_from(count).unwrap_or(u8::MAX);
        let votes = Votes { granted: number(granted), busy: number(busy), unavailable: number(unavailable) };
        let waited = now.since(self.since);
        let refusals = || {
            self.votes.iter().filter_map(|vote| match vote {
                Vote::Refused(error) => Some(error),
                _ => None,
            })
        };
        let enough = self.masters.needed();
        let for_good = |error: &&LockError| !error.may_pass();
        // No majority will be left, however long one waits.
        if refusals().filter(for_good).count() > self.votes.len() - enough
            && let Some(error) = refusals().find(for_good)
        {
            let said = format!("{votes}{}", self.reasons(now));
            return match error.clone() {
                LockError::Refused { key, .. } => LockError::Refused { key, reason: said },
                LockError::ForeignData { key, .. } => LockError::ForeignData { key, masters: Some(said) },
                other => other,
            };
        }
        let key = self.name.to_string();
        if busy > 0 && granted + busy >= enough {
            let holder = refusals().find_map(|error| match error {
                LockError::Busy { holder, .. } => holder.clone(),
                _ => None,
            });
            return LockError::Busy { key, waited, holder, votes: Some(votes) };
        }
        LockError::Unavailable { key, waited, reason: format!("{votes}{}", self.reasons(now)) }
    }

    /// What each master that did not vote said instead.
    fn reasons(&self, now: Moment) -> String {
        let masters = self.masters.all().iter().zip(&self.votes).zip(&self.heard);
        let reasons = masters.filter_map(|((master, vote), heard)| {
            let reason = match (vote, heard) {
                (Vote::Open(_) | Vote::Refused(_), Some(reason)) => reason.clone(),
                // No majority was left to be had: it was not waited for.
                (Vote::Open(_), None) if now < self.until => "no answer yet".to_owned(),
                (Vote::Open(_), None) => format!("no answer within {:?}", self.limit),
                (Vote::Granted { known: Known::Asked(_) | Known::No, .. }, _) => {
                    "its fence is not confirmed".to_owned()
                }
                (Vote::Refused(LockError::Busy { .. }) | Vote::Granted { .. } | Vote::Gone, _) => {
                    return None;
                }
                (Vote::Refused(error), None) => error.reason(),
            };
            Some(format!("; {}: {reason}", master.address))
        });
        reasons.collect()
    }
}

fn is_held(vote: &Vote) -> bool {
    matches!(vote, Vote::Granted { hold, .. } if hold.cell().is_held())
}

fn knows(vote: &Vote) -> bool {
    is_held(vote) && matches!(vote, Vote::Granted { known: Known::Yes, .. })
}

/// Whether it may come to hold and to know the fence yet.
fn may_yet(vote: &Vote) -> bool {
    match vote {
        Vote::Open(_) => true,
        Vote::Granted { known, .. } => is_held(vote) && !matches!(known, Known::No),
        Vote::Refused(_) | Vote::Gone => false,
    }
}

impl Future for Round<'_> {
    type Output = Result<Won, Failed>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let now = this.masters.first().now();
        this.hear(now, context);
        this.raise(now, context);
        let needed = this.masters.needed();
        if let Some(fence) = this.fence.filter(|_| this.count(knows) >= needed) {
            return Poll::Ready(Ok(this.win(fence)));
        }
        if this.count(may_yet) < needed || now >= this.until {
            return Poll::Ready(Err(this.fail(now)));
        }
        if this.alarm.set(this.until, context) { Poll::Pending } else { Poll::Ready(Err(this.fail(now))) }
    }
}
