//! A waker that does not wake a task that is awake.
//!
//! The driver polls both ends of the channel to its connection, so each would wake it while it runs. The scheduler takes
//! that for a wish to yield: it queues the task once more, and wakes another worker that may steal it, for every
//! request.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use futures_util::task::AtomicWaker;

/// After this many turns the task yields: what keeps waking it may itself wait for the scheduler.
const TURNS: usize = 8;

#[derive(Debug, Default)]
struct Relay {
    /// The task's own waker.
    task: AtomicWaker,
    awake: AtomicBool,
    again: AtomicBool,
}

impl Wake for Relay {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        // Either this sees the task asleep and wakes it, or the task, which reads `again` after it went to sleep, sees
        // the wish: both sides write before they read, in one order for all.
        self.again.store(true, Ordering::SeqCst);
        if !self.awake.load(Ordering::SeqCst) {
            self.task.wake();
        }
    }
}

/// How a turn went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// Something moved: another turn at once.
    Moved,
    /// Nothing to do before a wake-up.
    Sleep,
    /// The other tasks of this runtime first, then another turn.
    Yield,
}

/// Takes `turn` until it ends with `Err(output)`.
pub(super) async fn take_turns<T>(mut turn: impl FnMut(&mut Context<'_>) -> Result<Turn, T>) -> T {
    let relay = Arc::new(Relay::default());
    let waker = Waker::from(Arc::clone(&relay));
    std::future::poll_fn(|context| {
        relay.task.register(context.waker());
        let mut inner = Context::from_waker(&waker);
        for _ in 0..TURNS {
            relay.awake.store(true, Ordering::SeqCst);
            relay.again.store(false, Ordering::SeqCst);
            match turn(&mut inner) {
                Err(output) => return Poll::Ready(output),
                Ok(Turn::Moved) => continue,
                Ok(Turn::Sleep) => {}
                Ok(Turn::Yield) => break,
            }
            relay.awake.store(false, Ordering::SeqCst);
            if !relay.again.load(Ordering::SeqCst) {
                return Poll::Pending;
            }
        }
        relay.awake.store(false, Ordering::SeqCst);
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use super::*;

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn a_wake_up_during_a_turn_is_another_turn_and_one_afterwards_wakes_the_task() {
        let count = Arc::new(Count::default());
        let outer = Waker::from(Arc::clone(&count));
        let mut kept = None;
        let mut turns = 0;
        let mut task = Box::pin(take_turns(|context| {
            turns += 1;
            kept = Some(context.waker().clone());
            match turns {
                1 => context.waker().wake_by_ref(),
                4 => return Err(turns),
                _ => {}
            }
            Ok(if turns == 3 { Turn::Moved } else { Turn::Sleep })
        }));
        assert!(task.as_mut().poll(&mut Context::from_waker(&outer)).is_pending());
        assert_eq!(count.0.load(Ordering::Relaxed), 0);
        assert_eq!(task.as_mut().poll(&mut Context::from_waker(&outer)), Poll::Ready(4));
        drop(task);
        drop(kept);
    }

    #[test]
    fn a_task_that_is_woken_for_ever_yields() {
        let count = Arc::new(Count::default());
        let outer = Waker::from(Arc::clone(&count));
        let mut task = Box::pin(take_turns(|context| -> Result<Turn, ()> {
            context.waker().wake_by_ref();
            Ok(Turn::Sleep)
        }));
        assert!(task.as_mut().poll(&mut Context::from_waker(&outer)).is_pending());
        assert!(count.0.load(Ordering::Relaxed) >= 1);
    }
}
