//! Joining a hold around this call.

use std::pin::Pin;
use std::task::{Context, Poll};

use super::entry::{Entry, Joining, Place};
use super::frame::current_frame;
use crate::backend::Mode;
use crate::clock::Moment;
use crate::engine::{Alarm, Claim, Engine};
use crate::error::LockError;
use crate::holder::Holder;
use crate::kind::LeaseLost;
use crate::name::LockName;

/// Joins a hold of `name` around this call, if there is one that `claim` fits into; `None` if there is none.
///
/// Inside an exclusive hold everything is covered, reading too. Inside a read hold only reading is: a call that wants the
/// name alone would wait for itself, or two of them for each other.
pub(super) async fn join(
    engine: &Engine,
    name: &LockName,
    claim: &Claim,
    deadline: Moment,
) -> Result<Option<Entry>, LockError> {
    let Some((at, place)) = around(engine, name, claim)? else { return Ok(None) };
    let since = engine.now();
    Join { place, at, since, deadline, alarm: None, number: None, lost: None }.await
}

/// As [`join`], without a wait: `None` too if it would take one.
pub(super) fn join_now(engine: &Engine, name: &LockName, claim: &Claim) -> Result<Option<Entry>, LockError> {
    let Some((at, place)) = around(engine, name, claim)? else { return Ok(None) };
    match place.join(at) {
        Joining::Joined(entry) => Ok(Some(entry)),
        Joining::Wait | Joining::Over => Ok(None),
    }
}

/// The hold of `name` around this call, and which of its names that is.
fn around(engine: &Engine, name: &LockName, claim: &Claim) -> Result<Option<(usize, Place)>, LockError> {
    let around = current_frame().and_then(|frame| {
        let holds = |place: &Place| Some((place.about(name)?, place.clone()));
        frame.places().filter(|place| place.engine().is(engine)).find_map(holds)
    });
    let Some((at, place)) = around else { return Ok(None) };
    let reads = place.lease().mode_of(at) == Mode::Shared;
    if reads && claim.mode == Mode::Exclusive && place.lease().is_held() {
        return Err(LockError::Upgrade { key: name.to_string() });
    }
    Ok(Some((at, place)))
}

/// Joins the hold of a frame, once that frame's entry is the innermost open one.
///
/// What could go wrong: `join!(f(A), f(A))` inside A: both branches are nested in A, and two bodies of `f` run at once.
/// They can't: the first becomes the innermost entry; the second finds that its own frame is not, and waits for it here.
struct Join {
    place: Place,
    /// Which of the lease's names.
    at: usize,
    since: Moment,
    deadline: Moment,
    /// Set, with the two below, by the first poll that has to wait.
    alarm: Option<Alarm>,
    /// Among the siblings that wait.
    number: Option<u64>,
    lost: Option<Pin<Box<LeaseLost>>>,
}

impl Join {
    fn busy(&self, now: Moment) -> LockError {
        let lease = self.place.lease();
        LockError::Busy {
            key: lease.name_at(self.at).to_string(),
            waited: now.since(self.since),
            holder: Some(Holder::here(self.place.record(), lease.remaining())),
            votes: None,
        }
    }

    /// Whatever may end the wait will wake this task.
    fn listen(&mut self, context: &mut Context<'_>) {
        self.number = Some(self.place.siblings().listen(self.number, context.waker()));
        let lease = self.place.lease();
        // That it is lost is looked at by the next `join`.
        let _ = self.lost.get_or_insert_with(|| Box::pin(lease.lost())).as_mut().poll(context);
        let engine = self.place.engine();
        let _ = self.alarm.get_or_insert_with(|| engine.alarm()).set(self.deadline, context);
    }
}

impl Future for Join {
    /// `None`: the hold is no longer one.
    type Output = Result<Option<Entry>, LockError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        for listening in [false, true] {
            match self.place.join(self.at) {
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
