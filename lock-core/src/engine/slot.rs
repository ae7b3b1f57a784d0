//! The meeting point of a waiting caller and the engine.

use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

use crate::error::LockError;

/// Where a waiting caller looks, and where the engine writes.
#[derive(Default)]
pub(super) struct Slot(Mutex<State>);

#[derive(Default)]
struct State {
    news: Option<News>,
    waker: Option<Waker>,
}

/// What the engine has to say to a waiter.
#[derive(Clone)]
pub(super) enum News {
    /// The lock is there to be claimed.
    Offered,
    /// It won't be.
    Failed(LockError),
}

impl Slot {
    /// Leaves news; the waker is to be woken once the engine's lock is free.
    pub(super) fn put(&self, news: News) -> Option<Waker> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.news = Some(news);
        state.waker.take()
    }

    pub(super) fn poll(&self, context: &Context<'_>) -> Poll<News> {
        let waker = context.waker().clone();
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(news) = state.news.take() {
            return Poll::Ready(news);
        }
        let replaced = state.waker.replace(waker);
        // A waker's drop is foreign code: not under the lock.
        drop(state);
        drop(replaced);
        Poll::Pending
    }
}
