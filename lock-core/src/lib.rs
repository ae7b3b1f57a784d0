//! Distributed locks for Rust services: one attribute runs a function under a lock that all processes of a service share.
//!
//! The lock is a lease on a Redis or Valkey server, or in memory. It is renewed and watched while the function runs, and
//! every holder gets a fencing token. There are five kinds of locks ([`LockKind`]; its `Multi` is what `keys` makes), on one server, behind Sentinel, in a
//! Cluster, or on several independent masters.
//!
//! ```
//! # #[cfg(feature = "macros")] mod example {
//! use lock_core::{LockError, LockManager, distributed_lock};
//!
//! #[distributed_lock(prefix = "order", key = "order_id", wait = "3s", expire = "30s", guard = held)]
//! async fn pay(order_id: u64) -> Result<String, LockError> {
//!     // One call at a time gets here with the same order_id, in whatever process.
//!     Ok(format!("paid {order_id} under {} with token {}", held.name(), held.token()))
//! }
//!
//! #[tokio::main]
//! # pub
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     LockManager::connect("memory:").await?.install(); // in production: "redis://127.0.0.1/"
//!     let receipt = pay(42).await?;
//!     assert!(receipt.starts_with("paid 42 under LOCK:order:42 with token "));
//!     Ok(())
//! }
//! # }
//! # #[cfg(feature = "macros")] fn main() { example::main().unwrap() }
//! # #[cfg(not(feature = "macros"))] fn main() {}
//! ```
//!
//! # Where to begin
//!
//! - [`distributed_lock`]: the attribute, its arguments, how keys become names, what cancelling means.
//! - [`LockManager`]: connects to a server (for URLs see [`ManagerBuilder::url`]), is installed for annotated functions, takes
//!   locks by hand ([`LockManager::lock`]), and is shut down ([`LockManager::shutdown`]).
//! - [`LockKind`]: reentrant, fair, read and write, red; several names at once are `keys = ..`, or
//!   [`LockManager::lock_all`].
//! - [`LockGuard`]: a lock held by hand. [`Held`]: what a body may know of its lock, also as [`Held::current`].
//! - [`LockError`]: what can go wrong, one variant for each thing that one does about it.
//! - [`MemoryLocks`]: a manager for tests, which makes locks busy and loses them, on a clock that is moved by hand.
//! - [`LockSupport`]: the trait for decorators of locks by hand. [`LockKeyPart`](trait@LockKeyPart): your own types as keys.
//!   [`LockKeyGenerator`]: keys from the call as a whole, a tenant in front of every key for example.
//! - `migration`: coming from lock4j, klock, ShedLock or Redisson.
//! - [`backend::redis`]: what the server needs, with the ACL line.
//!
//! # Guarantees
//!
//! - At most one definite holder of a lock at a time, or several readers and no writer: from the moment it was acquired until it is released, reported lost, or
//!   the end of its validity. The validity is counted from before the request was sent, on a monotonic clock.
//! - A holder learns of a lost lease in time, from its own clock, even if the server never answers again.
//! - Fencing tokens ([`Held::token`]) rise strictly for each name, over restarts and loss of data, as long as the server's
//!   clock does not go back.
//! - [`LockError::Busy`] is said only of a lock that somebody else holds. What a request whose answer was lost may have left on
//!   the server is undone in the background.
//! - Nothing is left behind, wherever a future is dropped, a task aborted, a process killed: the lock is free at the latest
//!   when its lease is over.
//! - Every wait ends by its deadline, on the manager's clock: a paused clock of tokio changes nothing.
//! - A body's error is returned as it is, and its success too, if the lease was still valid when it ended.
//!
//! What no lock server can promise: after a failover, a restart without persistence, `FLUSHALL`, eviction or a jump of the
//! server's clock two clients can hold the same lease for up to its length. A resource that is claimed with the fencing token before it is
//! read, and refuses lower tokens from then on, stays correct then too; see [Fencing](distributed_lock#fencing).
//!
//! # Features
//!
//! | feature | default | |
//! |---|---|---|
//! | `macros` | yes | the attribute |
//! | `redis` | yes | `redis://`, `redis-sentinel://`, `redis-cluster://`, `unix:`, existing clients; without it there is only `memory:` |
//! | `tls` | no | `rediss://`, with rustls |
//! | `inventory` | no | `inventory()`: every annotated function, with its lock's template, kind, lease, file and line |
//!
//! The README has a table of errors with what to do, and answers to common questions;
//! `ARCHITECTURE.md` says how it is built.

#[doc(hidden)]
pub mod __private;
#[cfg(feature = "inventory")]
mod annotated;
pub mod backend;
pub mod clock;
mod engine;
mod error;
mod holder;
mod key;
mod kind;
#[cfg(test)]
mod layers;
mod manager;
#[cfg(feature = "macros")]
pub mod migration;
mod name;
mod params;
mod process;
mod run;

extern crate self as lock_core;

#[cfg(all(doctest, feature = "macros", feature = "redis"))]
#[doc = include_str!("../../README.md")]
struct ReadmeDoctests;

#[cfg(feature = "inventory")]
pub use annotated::{AnnotatedFunction, GivenDuration, inventory, inventory_shared};
pub use engine::ShutdownReport;
pub use error::{BodyOutcome, LockError, Votes};
pub use holder::Holder;
pub use key::{
    Arg, DELIMITER_CHARACTERS, ENCODED_CHARACTERS, HeldKey, IntoLockKey, JoinPoint, KeyError, KeyWriter,
    LockKey, LockKeyGenerator, LockKeyPart, MAX_DELIMITER_CHARACTERS, MAX_NAME_BYTES, MAX_NAMESPACE_BYTES,
    MAX_PART_BYTES, MAX_PARTS,
};
#[cfg(feature = "macros")]
pub use lock_macros::{LockKeyPart, distributed_lock};
pub use manager::{LockGuard, LockManager, LockRequest, LockSupport, ManagerBuilder, MemoryLocks};
pub use name::LockName;
pub use params::{
    DEFAULT_DELIMITER, DEFAULT_EXPIRE, DEFAULT_KEY_PREFIX, DEFAULT_WAIT, LockKind, LockParams, MAX_EXPIRE,
    MIN_EXPIRE, OnLost,
};
pub use run::{Held, LockOutcome, Reporting, Skippable, unreported_errors};

#[cfg(all(doctest, feature = "macros"))]
#[doc = include_str!("../../lock-macros/src/distributed_lock.md")]
struct AttributeDoctests;

#[cfg(all(doctest, feature = "macros"))]
#[doc = include_str!("../../lock-macros/src/lock_key_part.md")]
struct DeriveDoctests;
