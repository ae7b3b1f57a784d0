//! The requests that the engine makes of a backend, and their answers.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::bounds;
use crate::clock::Moment;
use crate::name::LockName;

/// The identity of one request to hold one name: 128 random bits in hex, `;`, and the owner's record in readable form.
///
/// Made anew for every acquisition, never used again. It is a capability (who knows it can forge a grant), so [`Debug`]
/// shows only a short hash.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct HoldId(Arc<str>);

impl HoldId {
    /// How many characters of the text are the random part.
    pub const HEX: usize = 32;
    /// Longer records are cut.
    pub const MAX_RECORD: usize = bounds::RECORD_LENGTH;

    /// A new id for the owner described by `record`.
    #[must_use]
    pub fn new(record: &str) -> Self {
        Self::from_random(uuid::Uuid::new_v4().as_u128(), record)
    }

    /// An id with chosen randomness, for simulations that must be repeatable.
    #[must_use]
    pub fn from_random(random: u128, record: &str) -> Self {
        Self(Arc::from(format!("{random:032x};{}", bounds::record(record))))
    }

    /// The whole text, as the server stores it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The random part, by which grants name the id.
    #[must_use]
    pub fn hex(&self) -> &str {
        &self.0[..Self::HEX]
    }

    /// The id under which a hold of this one stays taken after its end. Nobody asks in its name, and no copy of a request
    /// for this one means it.
    #[must_use]
    pub(crate) fn kept(&self) -> Self {
        let reversed: String = self.hex().chars().rev().collect();
        Self(Arc::from(format!("{reversed}{}", &self.0[Self::HEX..])))
    }

    /// The random part as a number.
    #[must_use]
    pub fn number(&self) -> u128 {
        number_of(self.hex())
    }

    /// The owner's record.
    #[must_use]
    pub fn record(&self) -> &str {
        &self.0[Self::HEX + 1..]
    }
}

/// The number that `hex` spells; 0, which no id has but by a chance of 2^-128, for anything else.
fn number_of(hex: &str) -> u128 {
    u128::from_str_radix(hex, 16).unwrap_or(0)
}

impl fmt::Debug for HoldId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
        let hash = BuildHasherDefault::<DefaultHasher>::default().hash_one(self.hex());
        write!(f, "HoldId(#{:08x} {})", hash as u32, self.record())
    }
}

/// The push channel of one manager.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Channel(Arc<str>);

impl Channel {
    /// The channel named `text`; no spaces, no `;`.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(Arc::from(text))
    }

    /// The channel's name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// One request. Requests of one name, submitted in order through one [`Via`], run in order.
#[derive(Clone, Debug)]
pub struct Request {
    /// The engine's number for it; echoed in the answer.
    pub seq: u64,
    /// Which lock.
    pub name: LockName,
    /// On whose behalf.
    pub id: HoldId,
    /// What to do.
    pub operation: Operation,
    /// Which connection to use.
    pub via: Via,
    /// When the engine submitted it: never later than its first byte leaves.
    pub submitted: Moment,
}

/// Which connection a request travels on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Via {
    /// The connection of the runtime that submits it, if it is in one; else the engine's.
    Caller,
    /// The engine's own.
    Engine,
    /// One on which the answer to a request comes after replicas have acknowledged what it wrote; or a fault that says how
    /// many did. Only for a backend that [needs that](super::Backend::needs_acknowledgement).
    Replicated,
}

/// How a hold stands to others of its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mode {
    /// One at a time.
    Exclusive,
    /// Beside other shared holds, not beside an exclusive one.
    Shared,
}

/// What to do with a lock. Every operation settles first: a holder past its deadline is removed, and if the lock is then
/// free the head of the queue is granted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Take it; or say who holds it; or join the queue. Repeated with the same id it gives the same answer.
    Acquire(Acquire),
    /// Keep a place in the queue alive. Never enqueues. For an owner it is a [`Renew`](Self::Renew): the claim of a grant.
    Refresh {
        /// The entry as it was enqueued.
        entry: Entry,
        /// How long the entry lives from now on, in ms of server time.
        heartbeat_ms: u64,
        /// The lease from now on if the id turns out to be the owner; never moves its deadline back.
        lease_ms: u64,
    },
    /// Move the owner's deadline to now + `lease_ms`, unless it is later already: a late copy never moves it back. The
    /// reply tells the lease left in either case. Never creates.
    Renew {
        /// The least lease from now on.
        lease_ms: u64,
    },
    /// If it is the owner, move the counter that fences are drawn from to `fence`, unless it is past it already: every
    /// later grant of this server has a higher one. Answered as a [`Renew`](Self::Renew) that asks for nothing.
    Raise {
        /// What the counter is moved to.
        fence: u64,
    },
    /// The end of a hold that is not to be free yet: it stays taken for so long, and is nobody's: it can't be renewed, nor
    /// forgotten. Who holds nothing leaves as by [`Forget`](Self::Forget). Answered like that.
    Keep {
        /// For how long from now on, in ms; also if that is less than what is left.
        keep_ms: u64,
    },
    /// Leave: out of the queue, and freed and handed over if owner.
    Forget {
        /// The entry, if it was ever enqueued.
        entry: Option<Entry>,
    },
}

/// See [`Operation::Acquire`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acquire {
    /// Alone, or beside other readers.
    pub mode: Mode,
    /// The id of this process's exclusive hold that a shared one replaces (a downgrade): where that id is the owner, it
    /// gives way to this request in the same step; where it is not, the answer is [`Reply::Gone`], since others may have
    /// had the lock in between. `None` for everything else.
    pub replaces: Option<HoldId>,
    /// The lease if it is free.
    pub lease_ms: u64,
    /// Refused as [`Reply::Late`] when the server's clock shows more than this (ms since the epoch).
    pub not_after_ms: u64,
    /// Where to wait if it is not free; `None` tries once.
    pub place: Option<Place>,
}

/// A wish to wait.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// What is written into the queue.
    pub entry: Entry,
    /// How long the entry lives without a refresh, in ms.
    pub heartbeat_ms: u64,
    /// The ticket of an earlier stay, to get that place back.
    pub ticket: Option<u64>,
}

/// What the queue keeps of a waiter beside its id; constant over its stay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Alone, or beside other readers.
    pub mode: Mode,
    /// Whether nobody who came later may have the lock first: then no owner passes it on within its process, past this
    /// entry. Shared entries always are.
    pub strict: bool,
    /// The lease that a grant gives, in ms.
    pub short_ms: u64,
    /// Where the grant is published.
    pub channel: Channel,
}

/// What a server said about one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// The id is the owner.
    Held {
        /// The fence: strictly higher than that of every earlier grant of this name.
        fence: u64,
        /// The lease left when the server answered, rounded down.
        left_ms: u64,
        /// Whether a [strict](Entry::strict) entry may be waiting.
        strict: bool,
    },
    /// The id waits.
    Queued {
        /// The place's number, to get it back after a loss.
        ticket: u64,
        /// The highest of the last fence known of this lock, the server's time in µs and, when newly enqueued, the
        /// counter: a grant of this stay made later has a fence above it, every earlier grant has not.
        floor: u64,
        /// How many wait in front.
        ahead: u64,
        /// The owner's lease left; 0 if there is none.
        owner_left_ms: u64,
        /// The owner's record.
        holder: Option<String>,
    },
    /// Somebody else has it or waits for it, and the request did not want to wait.
    Busy {
        /// The owner's lease left; 0 if there is none.
        owner_left_ms: u64,
        /// The owner's record.
        holder: Option<String>,
    },
    /// The server's clock is past the request's `not_after_ms`; nothing was done, nor will be by a copy of it.
    Late,
    /// Refresh, renew: neither holder nor waiting. Acquire: what it [replaces](Acquire::replaces) is not the owner.
    Gone,
    /// Forget, keep: done, or nothing to do.
    Forgotten {
        /// Whether the id was the owner.
        was_owner: bool,
    },
}

/// The end of a request.
#[derive(Clone, Debug)]
pub enum Answer {
    /// The server executed it and said so.
    Reply {
        /// What it said.
        reply: Reply,
        /// When the copy that was answered was sent; at the latest, when its first byte left.
        sent: Moment,
        /// The server's clock, in ms since the epoch, when it executed it.
        server_ms: u64,
        /// Which life of which server.
        generation: Generation,
        /// Whether an earlier copy of it went out on a connection that died in silence, and may run yet, or have run.
        copies_out: bool,
    },
    /// The server answered with an error: nothing was done, by no copy.
    Failed(Fault),
    /// It may or may not have been executed, or may be yet.
    Lost(Fault),
    /// No byte of it ever left.
    Unsent(Fault),
}

impl Answer {
    /// The same, said to a request of which an earlier copy is out: that one may have been executed, or may be yet.
    #[cfg(feature = "redis")]
    pub(crate) fn with_copies_out(self) -> Self {
        match self {
            Self::Reply { reply, sent, server_ms, generation, .. } => {
                Self::Reply { reply, sent, server_ms, generation, copies_out: true }
            }
            Self::Failed(fault) | Self::Lost(fault) | Self::Unsent(fault) => Self::Lost(fault),
        }
    }
}

/// What a server, or the connection to it, said instead of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What to do about it.
    pub class: FaultClass,
    /// For people.
    pub message: String,
}

impl Fault {
    /// A fault of `class`. The message is cut at 2,000 bytes and has no control characters.
    #[must_use]
    pub fn new(class: FaultClass, message: impl Into<String>) -> Self {
        Self { class, message: bounds::text(&message.into()) }
    }
}

/// The classes of faults. None of them is ever "busy".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultClass {
    /// Passes by itself: connection trouble, LOADING, BUSY, TRYAGAIN, MOVED, READONLY, CLUSTERDOWN, MASTERDOWN, NOREPLICAS. The
    /// same id is tried again while there is time, then reported as unavailable.
    Transient,
    /// Needs somebody's hand: OOM, MISCONF. Reported as unavailable at once.
    Unavailable,
    /// NOAUTH, WRONGPASS, NOPERM. Reported as refused at once.
    Refused,
    /// The key holds data of another program.
    Foreign,
}

/// One life of one server (its run id). A push and a reply prove something about each other only within one generation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Generation(Option<Arc<str>>);

impl Generation {
    /// Where the run id may not be looked at: pushes are then only hints to refresh.
    pub const UNKNOWN: Self = Self(None);

    /// The life with this run id.
    #[must_use]
    pub fn new(run_id: &str) -> Self {
        Self(Some(Arc::from(run_id)))
    }

    /// Its run id; empty where that is unknown.
    #[cfg(feature = "redis")]
    pub(crate) fn run_id(&self) -> &str {
        self.0.as_deref().unwrap_or_default()
    }

    /// Whether both are known and the same.
    #[must_use]
    pub fn proves(&self, other: &Self) -> bool {
        self.0.is_some() && self == other
    }
}

/// A pushed grant: the id is the owner now, with a short lease. Its `Debug` does not show the id, which is a capability.
#[derive(Clone, PartialEq, Eq)]
pub struct Grant {
    /// [`HoldId::hex`] of the new owner.
    pub hex: String,
    /// Its fence.
    pub fence: u64,
    /// The lease given.
    pub left_ms: u64,
    /// Whether a [strict](Entry::strict) entry may be waiting behind it.
    pub strict: bool,
    /// Which life of which server pushed it.
    pub generation: Generation,
}

impl fmt::Debug for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Grant")
            .field("fence", &self.fence)
            .field("left_ms", &self.left_ms)
            .field("strict", &self.strict)
            .finish_non_exhaustive()
    }
}

impl Grant {
    /// [`HoldId::number`] of the new owner.
    #[must_use]
    pub fn number(&self) -> u128 {
        number_of(&self.hex)
    }
}

/// How long a request may be unanswered: then the connection counts as dead and the answer as lost.
pub const REQUEST_LIMIT: Duration = Duration::from_secs(1);
