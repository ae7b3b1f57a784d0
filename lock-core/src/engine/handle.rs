//! What managers and guards keep of an engine.

use std::sync::{Arc, Weak};
use std::task::Context;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::task::AbortHandle;

use super::bounds::Frozen;
use super::farewell;
use super::hold_cell::HoldCell;
use super::report::ShutdownReport;
use super::shared::Shared;
use super::thread::{Ending, Started, start};
use super::undo::Released;
use super::wait::Waiting;
use super::waiter::Want;
use crate::backend::{Backend, Channel, Fault, Via};
use crate::clock::{Clock, Moment};
use crate::error::LockError;

/// A running engine. Cheap to clone; when the last clone and the last hold are gone it flushes what is left to undo, within
/// a bound, and its thread ends. Dropping never blocks.
#[derive(Clone)]
pub(crate) struct Engine(Arc<Inner>);

/// An engine that may have ended; does not keep it running.
#[derive(Clone)]
pub(crate) struct WeakEngine(Weak<Inner>);

impl WeakEngine {
    pub(crate) fn upgrade(&self) -> Option<Engine> {
        self.0.upgrade().map(Engine)
    }
}

struct Inner {
    shared: Arc<Shared>,
    ending: Arc<Ending>,
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.ending.begin(&self.shared);
    }
}

impl Engine {
    /// Starts the thread and, on it, the backend. The receiver hears how that went; dropping it ends the engine.
    ///
    /// # Errors
    /// The system has no thread left.
    pub(crate) fn start(
        backend: Arc<dyn Backend>,
        clock: Arc<dyn Clock>,
        channel: Channel,
    ) -> Result<(Self, Started), LockError> {
        let ending = Arc::new(Ending::default());
        let (shared, started) = start(backend, clock, channel, &ending)?;
        Ok((Self(Arc::new(Inner { shared, ending })), started))
    }

    /// An engine without a thread: whoever made `shared` drives it.
    #[cfg(test)]
    pub(super) fn driven_by_hand(shared: Arc<Shared>) -> Self {
        let ending = Arc::new(Ending::default());
        Self(Arc::new(Inner { shared, ending }))
    }

    /// Joins the wait for a lock. Nothing is sent before the first poll; dropping the future leaves no trace.
    pub(crate) fn acquire(&self, want: Want) -> Waiting {
        Waiting::new(self.clone(), want)
    }

    /// Joins the waits for several locks at once: what is sent for them leaves together, and has left when this returns.
    pub(crate) fn acquire_all(&self, wants: Vec<Want>) -> Vec<Waiting> {
        Waiting::arrived(self, wants)
    }

    pub(super) fn shared(&self) -> &Arc<Shared> {
        &self.0.shared
    }

    /// Asks the server for a lease of that length now; false if the hold is lost or over.
    pub(crate) async fn extend(&self, cell: &Arc<HoldCell>, lease: Duration) -> bool {
        let (answer, answered) = oneshot::channel();
        self.0.shared.extend(cell, lease, answer);
        answered.await.unwrap_or(false)
    }

    /// The body under this hold has begun, and the lock is not to be free before `time` from now on is over, however early it
    /// is released.
    pub(crate) fn keep(&self, cell: &Arc<HoldCell>, time: Duration) {
        self.0.shared.keep(cell, time);
    }

    /// The body of a hold that was renewed until now begins, and ends when `want` says.
    pub(crate) fn begin_body(&self, cell: &Arc<HoldCell>, want: &Want) {
        self.0.shared.begin_body(cell, want);
    }

    /// Ends what this hold protects, while the lock stays taken for the lease it has: another hold of this process takes its
    /// place at the server. `None` if it is lost or over. To be released all the same.
    pub(crate) fn freeze(&self, cell: &Arc<HoldCell>) -> Option<Frozen> {
        self.0.shared.freeze(cell)
    }

    /// Runs a task on the engine's thread, beside its own work; it ends with the engine, or when it is aborted. `None` if
    /// the engine has no thread.
    ///
    /// What could go wrong: a task that blocks there keeps every lease from being renewed. It can't: only this crate's own
    /// tasks come here, and they wait for nothing but this engine.
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) -> Option<AbortHandle> {
        Some(self.0.shared.runtime.get()?.spawn(task).abort_handle())
    }

    pub(crate) fn downgrade(&self) -> WeakEngine {
        WeakEngine(Arc::downgrade(&self.0))
    }

    /// Whether both are the same running engine.
    pub(crate) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// The engine's present moment.
    pub(crate) fn now(&self) -> Moment {
        self.0.shared.clock.now()
    }

    /// An alarm of the engine's clock; no timer of the caller's runtime is involved.
    pub(crate) fn alarm(&self) -> Alarm {
        Alarm { engine: self.clone(), number: self.0.shared.alarm_number() }
    }

    /// Refuses new callers, fails the waiting ones.
    pub(crate) fn close(&self) {
        self.0.shared.close();
    }

    /// Tells all holders that they hold nothing any more. At the server each lock stays until its holder lets go of it.
    pub(crate) fn stop(&self) {
        self.0.shared.stop();
    }

    pub(crate) fn report(&self) -> ShutdownReport {
        self.0.shared.report()
    }

    /// Ends holding for good: what is still held is lost.
    pub(crate) fn end(&self) {
        self.0.ending.begin(&self.0.shared);
        self.0.shared.end();
    }

    /// Looks now, on this thread; for clocks that are moved by hand. Says when to look again.
    pub(crate) fn tick(&self) -> Moment {
        self.0.shared.tick()
    }
}

/// Wakes a task at a moment of the engine's clock; dropped, it doesn't.
pub(crate) struct Alarm {
    engine: Engine,
    number: u64,
}

impl Alarm {
    /// Wakes the task of `context` at `at` or a little later, in place of what was set before; at once if the engine has
    /// ended, and then says no.
    pub(crate) fn set(&self, at: Moment, context: &Context<'_>) -> bool {
        self.engine.shared().set_alarm(self.number, at, context.waker())
    }
}

impl Drop for Alarm {
    fn drop(&mut self) {
        self.engine.shared().cancel_alarm(self.number);
    }
}

/// One held lock. Dropping it frees the lock in the background; [`release`](Self::release) waits for the server's word.
pub(crate) struct Hold {
    engine: Engine,
    cell: Arc<HoldCell>,
    via: Via,
    released: bool,
}

impl Hold {
    pub(super) fn new(engine: Engine, cell: Arc<HoldCell>, via: Via) -> Self {
        Self { engine, cell, via, released: false }
    }

    pub(crate) fn cell(&self) -> &Arc<HoldCell> {
        &self.cell
    }

    /// Moves the server's counter to `fence`, so that every later grant there has a higher one. The request is under way
    /// when this returns; the future says whether the server has confirmed it, this hold being its owner.
    pub(crate) fn raise(&self, fence: u64) -> impl Future<Output = bool> + Send + 'static + use<> {
        let (answer, answered) = oneshot::channel();
        self.engine.shared().raise(&self.cell, fence, self.via, answer);
        async move { answered.await.unwrap_or(false) }
    }

    /// Frees it. The release is under way when this returns; the future only waits for the answer, and may be dropped.
    pub(crate) fn release(mut self) -> impl Future<Output = Result<Released, Fault>> + Send + 'static {
        self.released = true;
        let (answer, answered) = oneshot::channel();
        self.engine.shared().release(&self.cell, self.via, Some(answer));
        farewell::leave_to(self.engine.shared());
        let cell = Arc::clone(&self.cell);
        async move {
            match answered.await {
                Ok(result) => result,
                // The engine has ended: nothing is known of the release any more.
                Err(_) if cell.is_lost() => Ok(Released::WasLost),
                Err(_) => Err(super::fault_no_answer()),
            }
        }
    }
}

impl Hold {
    /// What a release of it needs; it counts as released from now on.
    pub(super) fn into_release(mut self) -> (Engine, Arc<HoldCell>, Via) {
        self.released = true;
        (self.engine.clone(), Arc::clone(&self.cell), self.via)
    }
}

impl Drop for Hold {
    /// What could go wrong: no runtime is there, or it is shutting down, or this is a panic's unwinding, and the lock
    /// leaks. It can't: the request goes into the engine's table and out on the engine's own connection.
    fn drop(&mut self) {
        if !self.released {
            self.engine.shared().release(&self.cell, Via::Engine, None);
            farewell::leave_to(self.engine.shared());
        }
    }
}
