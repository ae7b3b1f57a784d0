//! Tasks to be woken, each under a number of its own.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Waker;

/// A set of wakers. A listener keeps its number and replaces its own waker, so polling often does not make it grow.
///
/// What could go wrong: replacing or forgetting a waker runs foreign code (its drop) under the lock, which listens here
/// again: a deadlock. It can't: wakers leave the lock before they are dropped.
#[derive(Default)]
pub(crate) struct Listeners(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    list: Vec<(u64, Waker)>,
    last_number: u64,
}

impl Listeners {
    /// Notes whom to wake, under `number` or a new one, which is returned.
    pub(crate) fn listen(&self, number: Option<u64>, waker: &Waker) -> u64 {
        let waker = waker.clone();
        let mut inner = self.lock();
        let number = number.unwrap_or_else(|| {
            inner.last_number += 1;
            inner.last_number
        });
        let known = inner.list.iter_mut().find(|(known, _)| *known == number);
        let replaced = match known {
            Some((_, known)) => Some(std::mem::replace(known, waker)),
            None => {
                inner.list.push((number, waker));
                None
            }
        };
        drop(inner);
        drop(replaced);
        number
    }

    /// Forgets a listener.
    pub(crate) fn forget(&self, number: Option<u64>) {
        let Some(number) = number else { return };
        let mut inner = self.lock();
        let place = inner.list.iter().position(|(known, _)| *known == number);
        let forgotten = place.map(|place| inner.list.swap_remove(place));
        drop(inner);
        drop(forgotten);
    }

    /// Wakes all. Foreign code: a panic of one keeps nobody else from being woken, and does not come back here.
    pub(crate) fn wake_all(&self) {
        for waker in self.take() {
            let _ = catch_unwind(AssertUnwindSafe(|| waker.wake()));
        }
    }

    /// Takes all out, to be woken.
    pub(crate) fn take(&self) -> Vec<Waker> {
        let list = std::mem::take(&mut self.lock().list);
        list.into_iter().map(|(_, waker)| waker).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
