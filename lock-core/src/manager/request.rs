//! Taking a lock by hand.

use std::borrow::Cow;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use super::guard::Asked;
use super::owner::record;
use super::{LockGuard, LockManager};
use crate::backend::Via;
use crate::engine::Want;
use crate::error::LockError;
use crate::holder::Caller;
use crate::key::{Spelled, Spelling};
use crate::kind::{claim_of, member_claim, sorted};
use crate::name::LockName;
use crate::params::{LockKind, OnLost, check_expire, check_holds, check_red_hold};
use crate::run::{Entry, Pinned, enter, enter_all, enter_red, run_body};

/// A request for a lock, made by [`LockManager::lock`] or [`LockManager::lock_all`]; end it with [`acquire`](Self::acquire),
/// [`try_acquire`](Self::try_acquire) or [`run`](Self::run), or their blocking twins. Awaited as it is, it is acquired.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), lock_core::LockError> {
/// # let locks = lock_core::LockManager::connect("memory:").await?;
/// let guard = locks.lock(("order", 42)).await?; // the same as `.acquire().await?`
/// guard.release().await?;
/// if let Some(_guard) = locks.lock("nightly").try_acquire().await? {
///     // held to the end of this block
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "a request does nothing until it is awaited, or `acquire`, `try_acquire` or `run` is called"]
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
    delimiter: Cow<'static, str>,
    /// See [`Spelling::names`].
    spelled: Option<Arc<[Spelled]>>,
}

/// What is asked for.
#[derive(Debug)]
enum Names {
    One(LockName),
    /// Sorted, each once, and at least one.
    All(Vec<LockName>),
}

impl LockRequest {
    pub(crate) fn new(
        manager: LockManager,
        name: Result<LockName, LockError>,
        delimiter: Cow<'static, str>,
    ) -> Self {
        Self::of(manager, name.map(Names::One), LockKind::default(), delimiter)
    }

    /// A request for a name that the manager's generator has made.
    pub(crate) fn of_generated(manager: LockManager, name: Spelled, delimiter: Cow<'static, str>) -> Self {
        let of = Ok(Names::One(name.name.clone()));
        let spelled = Some(Arc::from([name]));
        Self { spelled, ..Self::of(manager, of, LockKind::default(), delimiter) }
    }

    /// A request for all of several names, in the order of the keys that they were made of.
    pub(crate) fn of_all(
        manager: LockManager,
        names: Result<Vec<Spelled>, LockError>,
        delimiter: Cow<'static, str>,
    ) -> Self {
        let (of, spelled) = match names {
            Ok(names) => {
                let all = sorted(names.iter().map(|it| it.name.clone()).collect());
                (Ok(Names::All(all)), Some(Arc::from(names)))
            }
            Err(error) => (Err(error), None),
        };
        Self { spelled, ..Self::of(manager, of, LockKind::Multi, delimiter) }
    }

    fn of(
        manager: LockManager,
        of: Result<Names, LockError>,
        kind: LockKind,
        delimiter: Cow<'static, str>,
    ) -> Self {
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
            delimiter,
            spelled: None,
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

    /// The annotated function on whose behalf it is made.
    pub(crate) fn of_function(&self) -> &str {
        &self.function
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
    #[must_use = "a guard that is not bound to a name frees the lock at once: write `if let Some(_guard) = ..`"]
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

    pub(crate) async fn enter(self, via: Via) -> Result<Entry, LockError> {
        let (manager, kind, hold_at_least) = (self.manager.clone(), self.kind, self.hold_at_least);
        let spelling = self.spelling();
        if let Ok(of) = &self.of {
            manager.asks(&spelling, of.all());
        }
        let entry = match self.wants(via)? {
            Wants::One(want) if kind == LockKind::Red => {
                let masters = manager.masters(want.name.as_str())?;
                check_red_hold(want.name.as_str(), hold_at_least, masters.max_lease())?;
                Box::pin(enter_red(masters, want)).await?
            }
            Wants::One(want) => enter(manager.engine(want.name.as_str())?, want).await?,
            // Boxed: a single name must not pay for its size.
            Wants::All(wants) => Box::pin(enter_all(manager.engine(wants[0].name.as_str())?, wants)).await?,
        };
        if let Some(time) = hold_at_least {
            entry.lease().keep(time);
        }
        Ok(entry.spelled(Some(spelling)))
    }

    /// How its names were made.
    fn spelling(&self) -> Spelling {
        Spelling {
            namespace: Arc::clone(self.manager.namespace()),
            delimiter: self.delimiter.clone(),
            names: self.spelled.clone(),
        }
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
            caller: Caller::here(),
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

/// As [`acquire`](LockRequest::acquire).
impl IntoFuture for LockRequest {
    type Output = Result<LockGuard, LockError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.acquire())
    }
}

impl Names {
    fn all(&self) -> &[LockName] {
        match self {
            Self::One(name) => std::slice::from_ref(name),
            Self::All(names) => names,
        }
    }

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
