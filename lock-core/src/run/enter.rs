//! Taking a lock, or joining a hold of it around this call.

use std::pin::Pin;
use std::task::{Context, Poll};

use super::entry::{Entry, Joining, Place};
use super::frame::current_frame;
use crate::clock::Moment;
use crate::engine::{Alarm, Engine, Lost, Want};
use crate::error::LockError;
use crate::holder::Holder;

/// Takes the lock, or joins it if a call around this one holds it.
pub(crate) async fn enter(engine: &Engine, mut want: Want) -> Result<Entry, LockError> {
    let around = current_frame().and_then(|frame| {
        let holds = |place: &&Place| place.cell().name == want.name && place.engine().is(engine);
        frame.places().find(holds).cloned()
    });
    if let Some(place) = around {
        let since = engine.now();
        let deadline = since + want.wait;
        if let Some(entry) = (Join { place, since, deadline, alarm: None, number: None, lost: None }).await? {
            return Ok(entry);
        }
        want.wait = deadline.since(engine.now());
    }
    let record = want.record.clone();
    let hold = engine.acquire(want).await?;
    Ok(Entry::first(engine.clone(), hold, record))
}

/// Joins the hold of a frame, once that frame's entry is the innermost open one.
///
/// What could go wrong: `join!(f(A), f(A))` inside A: both branches are nested in A, and two bodies of `f` run at once.
/// They can't: the first becomes the innermost entry; the second finds that its own frame is not, and waits for it here.
struct Join {
    place: Place,
    since: Moment,
    deadline: Moment,
    /// Set, with the two below, by the first poll that has to wait.
    alarm: Option<Alarm>,
    /// Among the siblings that wait.
    number: Option<u64>,
    lost: Option<Pin<Box<Lost>>>,
}

impl Join {
    fn busy(&self, now: Moment) -> LockError {
        LockError::Busy {
            key: self.place.cell().name.to_string(),
            waited: now.since(self.since),
            holder: Some(Holder::here(self.place.record(), self.place.cell().remaining())),
            votes: None,
        }
    }

    /// Whatever may end the wait will wake this task.
    fn listen(&mut self, context: &mut Context<'_>) {
        self.number = Some(self.place.siblings().listen(self.number, context.waker()));
        let cell = self.place.cell();
        // That it is lost is looked at by the next `join`.
        let _ = self.lost.get_or_insert_with(|| Box::pin(cell.lost())).as_mut().poll(context);
        let engine = self.place.engine();
        self.alarm.get_or_insert_with(|| engine.alarm()).set(self.deadline, context);
    }
}

impl Future for Join {
    /// `None`: the hold is no longer one.
    type Output = Result<Option<Entry>, LockError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        for listening in [false, true] {
            match self.place.join() {
                Joining::Joined(entry) => return Poll::Ready(Ok(Some(entry))),
                Joining::Over => return Poll::Ready(Ok(None)),
                Joining::Wait => {}
            }
            let now = self.place.engine().now();
            if now >= self.deadline {
                return Poll::Ready(Err(self.busy(now)));
            }
            // Once more after listening: what changed in between has woken nobody.
            if !listening {
                self.listen(context);
            }
        }
        Poll::Pending
    }
}

impl Drop for Join {
    fn drop(&mut self) {
        self.place.siblings().forget(self.number);
    }
}
