//! Taking a lock by hand.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use super::guard::Asked;
use super::owner::record;
use super::{LockGuard, LockManager};
use crate::backend::Via;
use crate::engine::Want;
use crate::error::LockError;
use crate::kind::{claim_of, member_claim};
use crate::name::LockName;
use crate::params::{LockKind, OnLost, check_expire, check_holds, check_red_hold};
use crate::run::{Entering, Pinned, enter, enter_all, enter_red, run_body};

/// A request for a lock, made by [`LockManager::lock`] or [`LockManager::lock_all`]; end it with [`acquire`](Self::acquire),
/// [`try_acquire`](Self::try_acquire) or [`run`](Self::run), or their blocking twins.
#[derive(Debug)]
#[must_use = "a request does nothing until `acquire`, `try_acquire` or `run` is called"]
pub struct LockRequest {
    pub(super) manager: LockManager,
    of: Result<Names, LockError>,
    kind: LockKind,
    wait: Duration,
    expire: Duration,
    renew: bool,
    max_hold: Option<Duration>,
    hold_at_least: Option<Duration>,
    pub(super) on_lost: OnLost,
    function: String,
    id: Option<uuid::Uuid>,
}

/// What is asked for.
#[derive(Debug)]
enum Names {
    One(LockName),
    /// Sorted, each once, and at least one.
    All(Vec<LockName>),
}

impl LockRequest {
    pub(crate) fn new(manager: LockManager, name: Result<LockName, LockError>) -> Self {
        Self::of(manager, name.map(Names::One), LockKind::default())
    }

    /// A request for all of several names.
    pub(crate) fn of_all(manager: LockManager, names: Result<Vec<LockName>, LockError>) -> Self {
        Self::of(manager, names.map(Names::All), LockKind::Multi)
    }

    fn of(manager: LockManager, of: Result<Names, LockError>, kind: LockKind) -> Self {
        let (wait, expire) = (manager.default_wait(), manager.default_expire());
        Self {
            manager,
            of,
            kind,
            wait,
            expire,
            renew: true,
            max_hold: None,
            hold_at_least: None,
            on_lost: OnLost::default(),
            function: String::new(),
            id: None,
        }
    }

    /// How it relates to others of its name; see [`LockKind`]. Several names are taken as
    /// [`Multi`](LockKind::Multi), or as [`Read`](LockKind::Read).
    pub fn kind(mut self, kind: LockKind) -> Self {
        self.kind = kind;
        self
    }

    /// In strict order of arrival over all processes; see [`LockKind::Fair`].
    pub fn fair(self) -> Self {
        self.kind(LockKind::Fair)
    }

    /// Beside other readers; see [`LockKind::Read`].
    pub fn read(self) -> Self {
        self.kind(LockKind::Read)
    }

    /// Alone, in order of arrival among readers and writers; see [`LockKind::Write`].
    pub fn write(self) -> Self {
        self.kind(LockKind::Write)
    }

    /// On a majority of the manager's red masters; see [`LockKind::Red`].
    pub fn red(self) -> Self {
        self.kind(LockKind::Red)
    }

    /// How long to wait; zero tries once.
    pub fn wait(mut self, wait: Duration) -> Self {
        self.wait = wait;
        self
    }

    /// The lease, 10 ms to 30 d: how long the lock survives its holder's death.
    pub fn expire(mut self, expire: Duration) -> Self {
        self.expire = expire;
        self
    }

    /// Whether the lease is renewed while it is held; without, the lock is lost when it is over.
    pub fn renew(mut self, renew: bool) -> Self {
        self.renew = renew;
        self
    }

    /// How long the lock is renewed at most, so that a stuck holder does not keep it for ever; at least the lease. Past it
    /// the lock is lost.
    pub fn max_hold(mut self, max_hold: Duration) -> Self {
        self.max_hold = Some(max_hold);
        self
    }

    /// For how long from acquiring the lock is not free, however early it is released, and also if its holder dies: for
    /// jobs that a fleet is to run at most once in a while. Up to 30 d; up to the longest lease of the masters for
    /// [`LockKind::Red`]. A call nested in a hold prolongs that of the hold; a lock that is lost is not kept.
    pub fn hold_at_least(mut self, hold_at_least: Duration) -> Self {
        self.hold_at_least = Some(hold_at_least);
        self
    }

    /// What [`run`](Self::run) does with its body when the lock is lost.
    pub fn on_lost(mut self, on_lost: OnLost) -> Self {
        self.on_lost = on_lost;
        self
    }

    /// Recorded as the holder's function, for those who find the lock busy.
    pub fn function(mut self, function: impl Into<String>) -> Self {
        self.function = function.into();
        self
    }

    pub(crate) fn id(mut self, id: uuid::Uuid) -> Self {
        self.id = Some(id);
        self
    }

    /// Waits for the lock.
    ///
    /// # Errors
    /// [`LockError::Busy`] when the wait is over and others hold it; [`LockError::Unavailable`], [`LockError::Refused`],
    /// [`LockError::ForeignData`] as the server says; [`LockError::Key`], [`LockError::Params`] before anything is sent.
    ///
    /// # Cancel safety
    /// Dropping the future leaves the queue; a lock just granted goes to the next waiter, or back to the server.
    pub async fn acquire(self) -> Result<LockGuard, LockError> {
        let asked = self.asked();
        Ok(LockGuard::new(self.enter(Via::Caller).await?, asked))
    }

    /// Takes the lock if it is free, in one attempt that may take the request limit (1 s).
    ///
    /// # Errors
    /// As [`acquire`](Self::acquire), except that busy is `Ok(None)`.
    ///
    /// # Cancel safety
    /// As [`acquire`](Self::acquire).
    pub async fn try_acquire(self) -> Result<Option<LockGuard>, LockError> {
        some_unless_busy(self.wait(Duration::ZERO).acquire().await)
    }

    /// Runs `body` under the lock: nested calls on the same name join it, and it is cancelled at its next await when the
    /// lock is lost (unless [`OnLost::Finish`]).
    ///
    /// # Errors
    /// As [`acquire`](Self::acquire), and [`LockError::Lost`].
    ///
    /// # Cancel safety
    /// Dropping the future drops the body, then frees the lock in the background.
    pub async fn run<F: Future>(self, body: F) -> Result<F::Output, LockError> {
        let on_lost = self.on_lost;
        let entry = self.enter(Via::Caller).await?;
        let body = pin!(Some(body));
        run_body(entry, on_lost, Pinned::new(body), |_| false).await
    }

    /// What its guard remembers of it.
    pub(super) fn asked(&self) -> Asked {
        let several = matches!(self.of, Ok(Names::All(_)));
        let kind = if several { LockKind::Multi } else { self.kind };
        Asked { kind, expire: self.expire, renew: self.renew }
    }

    pub(crate) fn enter(self, via: Via) -> Entering {
        let hold_at_least = self.hold_at_least;
        let entering = self.entering(via).unwrap_or_else(Entering::failed);
        match hold_at_least {
            Some(time) => Entering::Waiting(Box::pin(async move {
                let entry = entering.await?;
                entry.lease().keep(time);
                Ok(entry)
            })),
            None => entering,
        }
    }

    fn entering(self, via: Via) -> Result<Entering, LockError> {
        let (manager, kind, hold_at_least) = (self.manager.clone(), self.kind, self.hold_at_least);
        Ok(match self.wants(via)? {
            Wants::One(want) if kind == LockKind::Red => {
                let masters = Arc::clone(manager.masters(want.name.as_str())?);
                check_red_hold(want.name.as_str(), hold_at_least, masters.max_lease())?;
                Entering::Waiting(Box::pin(async move { enter_red(&masters, want).await }))
            }
            Wants::One(want) => enter(manager.engine(want.name.as_str())?, want),
            Wants::All(wants) => {
                let engine = manager.engine(wants[0].name.as_str())?.clone();
                Entering::Waiting(Box::pin(async move { enter_all(&engine, wants).await }))
            }
        })
    }

    /// Whether it can be asked for at all; nothing is sent.
    pub(crate) fn check(&self) -> Result<(), LockError> {
        let of = self.of.as_ref().map_err(Clone::clone)?;
        let key = of.first().as_str();
        check_expire(key, self.expire)?;
        check_holds(key, (self.expire, self.renew), self.max_hold, self.hold_at_least)?;
        match of {
            Names::One(_) => Ok(()),
            Names::All(names) => reads_all(&names[0], self.kind).map(drop),
        }
    }

    fn wants(self, via: Via) -> Result<Wants, LockError> {
        self.check()?;
        let of = self.of?;
        let want = |name, claim, record| Want {
            claim,
            record,
            name,
            wait: self.wait,
            expire: self.expire,
            renew: self.renew,
            max_hold: self.max_hold,
            via,
        };
        let record = record(&self.function, self.id);
        match of {
            Names::One(name) => Ok(Wants::One(want(name, claim_of(self.kind), record))),
            Names::All(names) => {
                let claim = member_claim(reads_all(&names[0], self.kind)?);
                let wants = names.into_iter().map(|name| want(name, claim.clone(), record.clone()));
                Ok(Wants::All(wants.collect()))
            }
        }
    }
}

impl Names {
    fn first(&self) -> &LockName {
        match self {
            Self::One(name) => name,
            Self::All(names) => &names[0],
        }
    }
}

enum Wants {
    One(Want),
    All(Vec<Want>),
}

/// Whether several names are taken for reading.
fn reads_all(key: &LockName, kind: LockKind) -> Result<bool, LockError> {
    let word = match kind {
        LockKind::Read => return Ok(true),
        LockKind::Multi | LockKind::Write | LockKind::Reentrant => return Ok(false),
        LockKind::Fair => "fair",
        LockKind::Red => "red",
    };
    Err(LockError::Params {
        key: key.to_string(),
        message: format!(
            "several keys can't be taken as `{word}`: leave the kind out, or write `read` to share them with other readers"
        ),
    })
}

pub(super) fn some_unless_busy(result: Result<LockGuard, LockError>) -> Result<Option<LockGuard>, LockError> {
    match result {
        Ok(guard) => Ok(Some(guard)),
        Err(error) if error.is_busy() => Ok(None),
        Err(error) => Err(error),
    }
}
