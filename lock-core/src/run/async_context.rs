//! A thread that is about to block although it runs a runtime's tasks.

use std::collections::HashSet;
use std::fmt::Display;
use std::panic::Location;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

use tokio::task::coop::{has_budget_remaining, poll_proceed};

/// Warns, once for each place in the source, that `what`, called there, blocks a thread on which a runtime polls tasks: none of
/// them goes on meanwhile, perhaps the holder of the lock among them, which then waits for itself.
///
/// What could go wrong: an alarm where blocking is right, on a thread of one's own, in `spawn_blocking` or `block_in_place`. It
/// can't be given there: see [`polls_tasks`].
pub(crate) fn warn_of_blocking(what: impl Display, instead: &str, at: &'static Location<'static>) {
    static KNOWN: Mutex<Option<HashSet<&'static Location<'static>>>> = Mutex::new(None);

    if tokio::runtime::Handle::try_current().is_err() {
        return;
    }
    let known = || KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if known().as_ref().is_some_and(|known| known.contains(at)) || !polls_tasks() {
        return;
    }
    if known().get_or_insert_default().insert(at) {
        tracing::warn!(
            at = %at,
            "{what} blocks a thread that runs async tasks while it waits: none of them goes on meanwhile, perhaps the holder of \
             the lock among them; {instead}"
        );
    }
}

/// Whether this thread is polling a task, or the future of a `block_on`.
///
/// A runtime says so nowhere, but while it polls, and only then, its budget for cooperating tasks is finite: it is lifted for
/// `spawn_blocking` and `block_in_place`. So it is counted down here, and put back. Where a task was made `unconstrained` it is
/// not finite, and nothing is found. The same if the runtime's budget should become greater than what is counted to.
fn polls_tasks() -> bool {
    /// Twice the budget of tokio, which counts it in a byte.
    const MOST: usize = 256;

    if !has_budget_remaining() {
        return true;
    }
    let mut context = Context::from_waker(Waker::noop());
    // Dropped last, it puts back what was there at first.
    let Poll::Ready(_before) = poll_proceed(&mut context) else { return true };
    for _ in 0..MOST {
        if !has_budget_remaining() {
            return true;
        }
        if let Poll::Ready(step) = poll_proceed(&mut context) {
            step.made_progress();
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How often a task may go on until it must yield.
    fn budget() -> usize {
        let mut count = 0;
        let mut context = Context::from_waker(Waker::noop());
        let Poll::Ready(_before) = poll_proceed(&mut context) else { return 0 };
        while has_budget_remaining() && count < 1_000 {
            if let Poll::Ready(step) = poll_proceed(&mut context) {
                step.made_progress();
            }
            count += 1;
        }
        count
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_worker_is_told_from_threads_that_may_block() {
        assert!(polls_tasks(), "the future of a block_on");
        assert!(tokio::spawn(async { polls_tasks() }).await.unwrap());
        assert!(!tokio::task::spawn_blocking(polls_tasks).await.unwrap());
        assert!(!tokio::spawn(async { tokio::task::block_in_place(polls_tasks) }).await.unwrap());
        assert!(!std::thread::spawn(polls_tasks).join().unwrap());
        let handle = tokio::runtime::Handle::current();
        let within = std::thread::spawn(move || {
            let _entered = handle.enter();
            polls_tasks()
        });
        assert!(!within.join().unwrap(), "a thread that has entered a runtime without polling it");
        let nested = tokio::task::spawn_blocking(|| {
            let handle = tokio::runtime::Handle::current();
            (handle.block_on(async { polls_tasks() }), polls_tasks())
        });
        assert_eq!(nested.await.unwrap(), (true, false));
    }

    #[tokio::test]
    async fn the_budget_is_what_it_was_after_a_look() {
        let before = budget();
        assert!(before > 1 && polls_tasks());
        assert_eq!(budget(), before);
        while has_budget_remaining() {
            if let Poll::Ready(step) = poll_proceed(&mut Context::from_waker(Waker::noop())) {
                step.made_progress();
            }
        }
        assert!(polls_tasks(), "a task without any budget left is one too");
    }
}
