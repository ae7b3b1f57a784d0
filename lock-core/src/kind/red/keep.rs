//! Keeping one master's part of a held red lock.

use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use super::masters::Masters;
use super::pause::{before, until};
use super::quorum::Inner;
use crate::engine::{Engine, Hold, Waiting, Want};
use crate::kind::Lease;

const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// Gets back a part that is missing or was lost: a master that was silent, was restarted, or lost its data. By a new
/// acquisition, never by a renewal of what that master may have given to somebody else since; and only while a majority of
/// the others is held all along, see [`Parts`](crate::kind::Parts). Runs on that master's engine until it is aborted, or
/// the lock is lost. `open`: what that master has been asked already.
///
/// What could go wrong: a lock that is lost or released keeps others out by its place in the queue, or has a part granted
/// late. It can't: the loss is looked at before each poll, losing or releasing drops the wait, and with it the place or
/// what was granted (as with any caller that goes away), and what is granted is taken in only while a majority is held.
pub(super) async fn keep(of: Arc<Inner>, at: usize, open: Option<Waiting>) {
    let mut lost = pin!(Lease::Many(Arc::clone(&of.parts)).lost());
    let mut keeping = pin!(keep_for_ever(&of, at, open));
    std::future::poll_fn(|context| match lost.as_mut().poll(context) {
        Poll::Ready(()) => Poll::Ready(()),
        Poll::Pending => keeping.as_mut().poll(context),
    })
    .await;
}

async fn keep_for_ever(of: &Inner, at: usize, mut open: Option<Waiting>) {
    let engine = of.masters.all()[at].engine.clone();
    let mut tries = 0;
    loop {
        if let Some(lost) = of.lost(at) {
            lost.await;
        }
        let expire = of.parts.extended().unwrap_or(of.want.expire);
        let Some(max_hold) = of.hold_left(engine.now()) else { return };
        // In the queue of that one master, where no votes can split: others want it too, and each has it for as long as it
        // waits for the rest of its majority. Who only tried now and then would meet them again and again.
        let queued = || engine.acquire(Want { wait: expire, expire, max_hold, ..of.want.clone() });
        let asked = open.take().unwrap_or_else(queued);
        match repaired(of, &engine, asked, Masters::answer_limit(expire)).await {
            Some(hold) => {
                tries = 0;
                if !of.add(at, hold) {
                    return;
                }
            }
            None => {
                let pause = FIRST_PAUSE.saturating_mul(1 << tries).min(LONGEST_PAUSE);
                tries = (tries + 1).min(8);
                until(&engine, engine.now() + pause).await;
            }
        }
    }
}

/// The part, once its master knows the lock's fence.
async fn repaired(of: &Inner, engine: &Engine, asked: Waiting, limit: Duration) -> Option<Hold> {
    let hold = asked.await.ok()?;
    let own = hold.cell().own_fence()?;
    if own >= of.fence {
        return Some(hold);
    }
    let raised = before(engine, engine.now() + limit, Box::pin(hold.raise(of.fence))).await;
    raised.filter(|raised| *raised).map(|_| hold)
}
