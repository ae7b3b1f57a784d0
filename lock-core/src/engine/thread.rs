//! The engine's own thread.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use std::time::Duration;

use tokio::sync::oneshot;

use super::events::{EventSink, emit_all};
use super::shared::Shared;
use crate::backend::{Backend, Channel, Inbox};
use crate::clock::{Clock, Moment};
use crate::error::LockError;

/// How long an engine that nobody uses any more goes on to undo and release.
const FLUSH_LIMIT: Duration = Duration::from_secs(2);

/// A timer can't be set for ever.
const LONGEST_SLEEP: Duration = Duration::from_secs(3600);

/// Whether the last user has gone.
#[derive(Default)]
pub(super) struct Ending(AtomicBool);

impl Ending {
    pub(super) fn begin(&self, shared: &Shared) {
        // The parent's engine goes on, and what would be woken here is not.
        if shared.is_forked() {
            return;
        }
        self.0.store(true, Ordering::SeqCst);
        shared.wake_up.now();
    }

    fn has_begun(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

/// Marks every hold lost when the thread ends, however it ends.
///
/// What could go wrong: the thread panics, renewals stop, and holders run on past their lease. They can't: this is dropped
/// by every way out of the thread.
struct DeathGuard(Arc<Shared>);

impl Drop for DeathGuard {
    fn drop(&mut self) {
        self.0.end();
        self.0.backend.stop();
    }
}

/// Hears how the backend's start went.
pub(crate) type Started = oneshot::Receiver<Result<(), LockError>>;

/// Starts the thread; the receiver hears how the backend's start went.
pub(super) fn start(
    backend: Arc<dyn Backend>,
    clock: Arc<dyn Clock>,
    channel: Channel,
    ending: &Arc<Ending>,
) -> Result<(Arc<Shared>, Started), LockError> {
    let (sink, receiver) = EventSink::new();
    let shared = Arc::new(Shared::new(backend, clock, channel, sink));
    let (ready, started) = oneshot::channel();
    spawn("lock-events", move || emit_all(&receiver))?;
    let (inner, ending) = (Arc::clone(&shared), Arc::clone(ending));
    spawn("lock-engine", move || run(inner, &ending, ready))?;
    Ok((shared, started))
}

fn spawn(name: &str, body: impl FnOnce() + Send + 'static) -> Result<(), LockError> {
    let spawned = std::thread::Builder::new().name(name.to_owned()).spawn(body);
    spawned
        .map(drop)
        .map_err(|error| LockError::Config { message: format!("cannot start the thread {name}: {error}") })
}

fn run(shared: Arc<Shared>, ending: &Ending, ready: oneshot::Sender<Result<(), LockError>>) {
    let guard = DeathGuard(Arc::clone(&shared));
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            let message = format!("cannot make the engine's runtime: {error}");
            let _ = ready.send(Err(LockError::Config { message }));
            return;
        }
    };
    let _ = shared.runtime.set(runtime.handle().clone());
    runtime.block_on(async {
        let inbox: Arc<dyn Inbox> = Arc::clone(&shared) as Arc<dyn Inbox>;
        let mut ready = ready;
        let started = {
            let mut starting = pin!(shared.backend.start(&shared.channel, inbox));
            // Nobody waits for it any more: what it has started ends with it.
            poll_fn(|context| match ready.poll_closed(context) {
                Poll::Ready(()) => Poll::Ready(None),
                Poll::Pending => starting.as_mut().poll(context).map(Some),
            })
            .await
        };
        let Some(started) = started else { return };
        let failed = started.is_err();
        for message in shared.backend.warnings() {
            shared.put_event(super::Event::Warning { message });
        }
        if ready.send(started).is_ok() && !failed {
            drive(&shared, ending).await;
        }
    });
    // Holds are lost before the runtime and with it the connections end.
    drop(guard);
}

/// Looks whenever something is due, until the last user has gone and everything is undone.
async fn drive(shared: &Shared, ending: &Ending) {
    let mut flush_until = Moment::NEVER;
    loop {
        shared.wake_up.begin();
        let due = shared.tick();
        let now = shared.clock.now();
        if ending.has_begun() {
            flush_until = flush_until.min(now + FLUSH_LIMIT);
            if shared.report().is_clean() || now >= flush_until || !shared.clock.is_real() {
                return;
            }
        }
        let due = shared.wake_up.plan(due);
        sleep_until(shared, due.min(flush_until), now).await;
    }
}

/// Timers are hints here: after every sleep the clock is read again.
async fn sleep_until(shared: &Shared, due: Moment, now: Moment) {
    if due <= now {
        // Lets the connections run between two looks.
        return tokio::task::yield_now().await;
    }
    if !shared.clock.is_real() {
        return shared.wake_up.notified().await;
    }
    // Woken earlier, or not: both end the sleep.
    let _ = tokio::time::timeout(due.since(now).min(LONGEST_SLEEP), shared.wake_up.notified()).await;
}
