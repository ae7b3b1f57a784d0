//! Taking the lock.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::prepare::Prepared;
use crate::backend::Via;
use crate::engine::block_on;
use crate::error::LockError;
use crate::params::OnLost;
use crate::run::{Entering, Hold, HoldWhen};

/// A lock that is being taken. Small: it is part of the future of every annotated function.
#[must_use = "futures do nothing unless polled"]
pub struct Acquiring {
    entering: Entering,
    on_lost: OnLost,
}

impl Future for Acquiring {
    type Output = Result<Hold, LockError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let on_lost = self.on_lost;
        Pin::new(&mut self.entering).poll(context).map_ok(|entry| Hold::new(entry, on_lost))
    }
}

impl fmt::Debug for Acquiring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Acquiring(..)")
    }
}

/// Takes the lock.
///
/// # Errors
/// As [`LockRequest::acquire`](crate::LockRequest::acquire).
pub fn acquire(prepared: Prepared) -> Acquiring {
    match prepared.0 {
        Ok((request, on_lost)) => Acquiring { entering: request.enter(Via::Caller), on_lost },
        Err(error) => Acquiring { entering: Entering::failed(error), on_lost: OnLost::default() },
    }
}

/// Takes the lock for a plain function.
///
/// # Errors
/// As [`LockRequest::acquire`](crate::LockRequest::acquire).
pub fn acquire_blocking(prepared: Prepared) -> Result<Hold, LockError> {
    let (request, on_lost) = prepared.0?;
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
pub fn acquire_when_blocking(prepared: Option<Prepared>) -> Result<HoldWhen, LockError> {
    match prepared {
        Some(prepared) => acquire_blocking(prepared).map(HoldWhen::wanted),
        None => Ok(HoldWhen::not_wanted()),
    }
}
