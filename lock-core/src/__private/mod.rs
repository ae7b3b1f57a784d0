//! The only names that generated code mentions. Not for use by hand: it may change in any release.

mod acquire;
mod arguments;
mod as_manager;
mod fallback;
mod generated;
mod inventory;
mod parts;
mod prepare;
mod settings;
mod several;

// Whatever names the user's module shadows, generated code means these.
pub use core::future::Future;
pub use core::option::Option::{self, None, Some};
pub use core::pin::Pin;
pub use core::primitive::{bool, str};
pub use core::result::Result::{self, Err, Ok};
pub use core::time::Duration;
pub use core::{file, line, module_path};
pub use std::boxed::Box;

pub use crate::key::{Arg, KeyError, KeyWriter, LockKeyGenerator, LockKeyPart};
use crate::manager::LockManager;
pub use crate::params::{LockKind, OnLost};
pub use crate::run::{Held, Hold, HoldWhen, LockOutcome, Outcome, Reporting, Skippable};
pub use acquire::{acquire, acquire_blocking, acquire_when, acquire_when_blocking};
pub use arguments::{Argument, IsPart, NotPart};
pub use as_manager::AsManager;
pub use fallback::{AsyncFallback, fallback};
pub use generated::{
    Generated, Generator, IsGenerator, NoGenerator, PointsToGenerator, PointsTwiceToGenerator, generate,
    generator,
};
pub use inventory::annotated;
#[cfg(feature = "inventory")]
pub use inventory::{Registered, given, registered, submit};
pub use parts::{affixed, key, text};
pub use prepare::{Prepared, prepare, prepare_all, prepare_generated};
pub use settings::{Settings, Site};
pub use several::{KeyCollection, KeyIterator, key_of_each, listed_keys};

/// The scope's manager, else the installed one.
#[must_use]
pub fn current() -> Option<LockManager> {
    LockManager::current()
}

/// How the return type `R` carries a lock error.
#[must_use]
pub fn outcome<R: Reporting>() -> Outcome<R> {
    Outcome::reporting()
}

/// How the return type `R` says that the call was skipped.
#[must_use]
pub fn skipping<R: Skippable>() -> Outcome<R> {
    Outcome::skipping()
}
