//! Entries into a hold: the call that took it, and the calls nested in that.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use super::frame::{Frame, current_frame};
use crate::backend::Fault;
use crate::clock::Moment;
use crate::engine::{Engine, Hold, HoldCell, Released, Want};
use crate::error::{Holder, LockError};

/// One entry into a hold. The hold is released when its last entry ends, in whatever order they end.
#[derive(Clone)]
pub(crate) struct Entry(Arc<Inner>);

struct Inner {
    shared: Arc<SharedHold>,
    number: u32,
}

/// A hold and those who are inside.
struct SharedHold {
    engine: Engine,
    cell: Arc<HoldCell>,
    record: String,
    inside: Mutex<Inside>,
}

struct Inside {
    /// Taken when the last entry ends.
    hold: Option<Hold>,
    /// Open entries, the innermost last.
    open: Vec<u32>,
    last_number: u32,
    /// Siblings that wait until the entries inside theirs have ended.
    siblings: Vec<Waker>,
}

impl Inside {
    /// Ends an entry; returns the hold if it was the last one, and whom to wake.
    fn end(&mut self, number: u32) -> (Option<Hold>, Vec<Waker>) {
        self.open.retain(|open| *open != number);
        let hold = if self.open.is_empty() {
            self.hold.take()
        } else {
            None
        };
        (hold, std::mem::take(&mut self.siblings))
    }
}

impl SharedHold {
    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn enter(self: &Arc<Self>, inside: &mut Inside) -> Entry {
        inside.last_number += 1;
        inside.open.push(inside.last_number);
        Entry(Arc::new(Inner {
            shared: Arc::clone(self),
            number: inside.last_number,
        }))
    }

    fn end(&self, number: u32) -> Option<Hold> {
        let (hold, siblings) = self.inside().end(number);
        siblings.into_iter().for_each(Waker::wake);
        hold
    }
}

impl Entry {
    /// The first entry into a hold just taken.
    fn first(engine: Engine, hold: Hold, record: String) -> Self {
        let cell = Arc::clone(hold.cell());
        let inside = Mutex::new(Inside {
            hold: Some(hold),
            open: vec![1],
            last_number: 1,
            siblings: Vec::new(),
        });
        Self(Arc::new(Inner {
            shared: Arc::new(SharedHold {
                engine,
                cell,
                record,
                inside,
            }),
            number: 1,
        }))
    }

    pub(crate) fn cell(&self) -> &Arc<HoldCell> {
        &self.0.shared.cell
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.0.shared.engine
    }

    /// Ends this entry. If it was the last, the release is under way when this returns, and the future waits for the
    /// server's word; it may be dropped.
    pub(crate) fn end(&self) -> impl Future<Output = Result<Released, Fault>> + Send + 'static {
        let released = self.0.shared.end(self.0.number).map(Hold::release);
        async move {
            match released {
                Some(answer) => answer.await,
                None => Ok(Released::Passed),
            }
        }
    }
}

impl Drop for Inner {
    /// Without `end`: dropped, cancelled, panicked. The hold, if this was its last entry, is freed in the background.
    fn drop(&mut self) {
        drop(self.shared.end(self.number));
    }
}

/// Takes the lock, or joins it if a call around this one holds it.
pub(crate) async fn enter(engine: &Engine, want: Want) -> Result<Entry, LockError> {
    let around =
        current_frame().and_then(|frame| frame.chain().find(|frame| frame.holds(engine, &want)).cloned());
    if let Some(frame) = around
        && let Some(entry) = Join::new(frame, &want).await?
    {
        return Ok(entry);
    }
    let record = want.record.clone();
    let hold = engine.acquire(want).await?;
    Ok(Entry::first(engine.clone(), hold, record))
}

impl Frame {
    fn holds(&self, engine: &Engine, want: &Want) -> bool {
        self.entry().cell().name == want.name && self.entry().engine().is(engine)
    }
}

/// Joins the hold of a frame, once that frame's entry is the innermost open one.
///
/// What could go wrong: `join!(f(A), f(A))` inside A: both branches are nested in A, and two bodies of `f` run at once.
/// They can't: the first becomes the innermost entry; the second finds that its own frame is not, and waits for it here.
struct Join {
    frame: Frame,
    since: Moment,
    deadline: Moment,
    alarm_set: bool,
}

impl Join {
    fn new(frame: Frame, want: &Want) -> Self {
        let since = frame.entry().engine().now();
        Self {
            frame,
            since,
            deadline: since + want.wait,
            alarm_set: false,
        }
    }

    fn busy(&self, now: Moment) -> LockError {
        let entry = self.frame.entry();
        LockError::Busy {
            key: entry.cell().name.to_string(),
            waited: now.since(self.since),
            holder: Some(Holder::here(&entry.0.shared.record, entry.cell().remaining())),
        }
    }
}

impl Future for Join {
    /// `None`: the hold is no longer one; a lost or closed hold is never joined.
    type Output = Result<Option<Entry>, LockError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let entry = self.frame.entry().clone();
        let shared = &entry.0.shared;
        let mut inside = shared.inside();
        if inside.hold.is_none() || !shared.cell.is_held() {
            return Poll::Ready(Ok(None));
        }
        if inside.open.last() == Some(&entry.0.number) {
            return Poll::Ready(Ok(Some(shared.enter(&mut inside))));
        }
        let now = shared.engine.now();
        if now >= self.deadline {
            return Poll::Ready(Err(self.busy(now)));
        }
        inside.siblings.push(context.waker().clone());
        drop(inside);
        if !std::mem::replace(&mut self.alarm_set, true) {
            shared.engine.alarm(self.deadline, context.waker());
        }
        Poll::Pending
    }
}
