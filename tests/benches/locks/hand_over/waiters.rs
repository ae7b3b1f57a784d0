//! Tasks that want the lock again as soon as they have released it.

use std::time::Duration;

use lock_core::LockManager;

use super::holds::{Hold, now};
use super::worker::{Term, Told, hold};

pub(super) async fn run(told: Told) -> Vec<Hold> {
    let locks = LockManager::builder().url(told.url).wait(Duration::from_secs(60)).connect().await.unwrap();
    // The first lock opens the runtime's connection.
    let warm = tokio::spawn({
        let locks = locks.clone();
        async move { locks.lock(("warm", told.process as u64)).acquire().await.unwrap().release().await.unwrap() }
    });
    warm.await.unwrap();
    let term = Term::agree();
    let tasks: Vec<_> =
        (0..told.tasks).map(|_| tokio::spawn(compete(locks.clone(), told.process, term))).collect();
    let mut holds = Vec::new();
    for task in tasks {
        holds.append(&mut task.await.unwrap());
    }
    holds
}

async fn compete(locks: LockManager, process: usize, term: Term) -> Vec<Hold> {
    let mut holds = Vec::new();
    term.begun().await;
    while !term.is_over() {
        let wanted = now();
        let guard = locks.lock("hot").acquire().await.unwrap();
        let start = now();
        hold().await;
        let token = guard.token();
        let end = now();
        guard.release().await.unwrap();
        holds.push(Hold { process: process as u64, token, wanted, start, end });
    }
    holds
}
