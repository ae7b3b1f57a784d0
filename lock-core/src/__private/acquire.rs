//! Taking the lock.

use std::panic::Location;

use super::prepare::Prepared;
use crate::backend::Via;
use crate::engine::block_on;
use crate::error::LockError;
use crate::run::{Hold, HoldWhen, warn_of_blocking};

/// Takes the lock.
///
/// # Errors
/// As [`LockRequest::acquire`](crate::LockRequest::acquire).
pub async fn acquire(prepared: Prepared) -> Result<Hold, LockError> {
    let (request, on_lost) = prepared.0?;
    Ok(Hold::new(request.enter(Via::Caller).await?, on_lost))
}

/// Takes the lock for a plain function.
///
/// # Errors
/// As [`LockRequest::acquire`](crate::LockRequest::acquire).
#[track_caller]
pub fn acquire_blocking(prepared: Prepared) -> Result<Hold, LockError> {
    let (request, on_lost) = prepared.0?;
    let what = format_args!("the locked function `{}`, which is not async,", request.of_function());
    let instead = "make it `async fn`, or call it inside of `tokio::task::spawn_blocking`";
    warn_of_blocking(what, instead, Location::caller());
    Ok(Hold::new(block_on(request.enter(Via::Engine))?, on_lost))
}

/// Takes the lock, if the function's `when` wants it.
///
/// # Errors
/// As [`acquire`].
pub async fn acquire_when(prepared: Option<Prepared>) -> Result<HoldWhen, LockError> {
    match prepared {
        Some(prepared) => acquire(prepared).await.map(HoldWhen::wanted),
        None => Ok(HoldWhen::not_wanted()),
    }
}

/// Takes the lock for a plain function, if its `when` wants it.
///
/// # Errors
/// As [`acquire`].
#[track_caller]
pub fn acquire_when_blocking(prepared: Option<Prepared>) -> Result<HoldWhen, LockError> {
    match prepared {
        Some(prepared) => Ok(HoldWhen::wanted(acquire_blocking(prepared)?)),
        None => Ok(HoldWhen::not_wanted()),
    }
}
