//! Waiting for a lock, as a future, or on a plain thread.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;

use super::handle::{Engine, Hold};
use super::line_key::LineKey;
use super::offer::Claim;
use super::slot::{News, Slot};
use super::waiter::{WaiterKey, Want};
use crate::backend::Via;
use crate::error::LockError;
use crate::holder::Caller;

/// A caller's wait for a lock.
///
/// What could go wrong: it is dropped while its request is under way, or when the lock is just granted, and the lock stays
/// with nobody. It can't: the request is the engine's, not this future's; dropping only takes the waiter out of the queue,
/// and an offer made to it goes to the next, or back to the server.
pub(crate) struct Waiting {
    engine: Engine,
    via: Via,
    caller: Caller,
    slot: Arc<Slot>,
    stage: Stage,
}

enum Stage {
    New(Want),
    Joined(LineKey, WaiterKey),
    Ended,
}

impl Waiting {
    pub(super) fn new(engine: Engine, want: Want) -> Self {
        Self { engine, via: want.via, caller: want.caller, slot: Arc::default(), stage: Stage::New(want) }
    }
}

impl Waiting {
    /// Callers who have all come at the same moment.
    pub(super) fn arrived(engine: &Engine, wants: Vec<Want>) -> Vec<Self> {
        let mut all: Vec<_> = wants.iter().map(|want| Self::new(engine.clone(), want.clone())).collect();
        // Nobody arrives there; each is told so when it is polled.
        if engine.is_forked() {
            return all;
        }
        let slots: Vec<_> = all.iter().map(|waiting| Arc::clone(&waiting.slot)).collect();
        let keys = engine.shared().arrive_all(wants.into_iter().zip(slots));
        for (waiting, (line, key)) in all.iter_mut().zip(keys) {
            waiting.stage = Stage::Joined(line, key);
        }
        all
    }
}

impl Future for Waiting {
    type Output = Result<Hold, LockError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        if this.engine.is_forked() {
            let key = match std::mem::replace(&mut this.stage, Stage::Ended) {
                Stage::New(want) => want.name.to_string(),
                Stage::Joined(line, _) => line.name.to_string(),
                Stage::Ended => return Poll::Pending,
            };
            return Poll::Ready(Err(LockError::Forked { key }));
        }
        let (line, key) = match std::mem::replace(&mut this.stage, Stage::Ended) {
            Stage::New(want) => this.engine.shared().arrive(want, &this.slot),
            Stage::Joined(line, key) => (line, key),
            Stage::Ended => return Poll::Pending,
        };
        this.stage = Stage::Joined(line.clone(), key);
        loop {
            match this.slot.poll(context) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(News::Failed(mut error)) => {
                    this.stage = Stage::Ended;
                    if let LockError::Busy { holder: Some(holder), .. } = &mut error
                        && let Some(here) = this.engine.shared().holder_here(&line.name, this.caller)
                    {
                        *holder = here;
                    }
                    return Poll::Ready(Err(error));
                }
                Poll::Ready(News::Offered) => {
                    if let Claim::Granted(cell) = this.engine.shared().claim(&line, key) {
                        this.stage = Stage::Ended;
                        return Poll::Ready(Ok(Hold::new(this.engine.clone(), cell, this.via)));
                    }
                }
            }
        }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if let Stage::Joined(line, key) = &self.stage {
            self.engine.shared().leave(line, *key);
        }
    }
}

/// Runs a future of this crate on a plain thread: none of them needs a runtime.
pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut future = std::pin::pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(output) => return output,
            Poll::Pending => std::thread::park(),
        }
    }
}
