//! Others who want the lock that somebody holds, and who had it when.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use lock_core::{LockError, LockManager};
use lock_tests::{Hold, Recorder, Scratch, check, now_ns, read};
use tokio::task::JoinHandle;

/// Who held it when.
pub(super) struct History(Scratch);

impl History {
    pub(super) fn new() -> Self {
        Self(Scratch::new())
    }

    fn file(&self) -> PathBuf {
        self.0.path().join("history")
    }

    pub(super) fn recorder(&self) -> Recorder {
        Recorder::append(&self.file()).expect("a history can be written")
    }

    pub(super) fn first_of_contender(&self) -> Option<u64> {
        let holds = read(&self.file()).expect("a history can be read");
        holds.iter().filter(|hold| hold.who == "contender").map(|hold| hold.from_ns).min()
    }

    /// After it was found right.
    pub(super) fn right(&self) -> Vec<Hold> {
        let holds = read(&self.file()).expect("a history can be read");
        assert_eq!(check(&holds), []);
        holds
    }
}

/// Wants the lock again and again until told to stop, and writes down what it got. Says how often it was told that somebody
/// else has it.
pub(super) fn contend(
    locks: LockManager,
    lease: Duration,
    recorder: Recorder,
    over: Arc<AtomicBool>,
) -> JoinHandle<usize> {
    tokio::spawn(async move {
        let mut busy = 0;
        while !over.load(Ordering::SeqCst) {
            let request = locks.lock("a").red().expire(lease).wait(Duration::ZERO);
            match request.acquire().await {
                Ok(guard) => {
                    recorder.took("LOCK:a", "contender", guard.token()).valid_at(now_ns());
                    assert!(!guard.is_lost(), "it was got a moment ago");
                    // With a majority that has just woken the release may be answered late.
                    drop(guard);
                }
                Err(LockError::Busy { .. }) => busy += 1,
                Err(LockError::Unavailable { .. }) => {}
                Err(error) => panic!("{error}"),
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        busy
    })
}

/// Takes the lock, holds it for some milliseconds and gives it back, again and again until told to stop. Says how often.
pub(super) fn work(
    locks: LockManager,
    lease: Duration,
    who: String,
    recorder: Recorder,
    over: Arc<AtomicBool>,
) -> JoinHandle<usize> {
    tokio::spawn(async move {
        let mut taken = 0;
        while !over.load(Ordering::SeqCst) {
            let request = locks.lock("a").red().expire(lease).wait(Duration::from_secs(2));
            match request.acquire().await {
                Ok(guard) => {
                    taken += 1;
                    let hold = recorder.took("LOCK:a", &who, guard.token());
                    for _ in 0..20 {
                        // First the time, then whether it was held then.
                        let now = now_ns();
                        if guard.is_lost() {
                            break;
                        }
                        hold.valid_at(now);
                        tokio::time::sleep(Duration::from_millis(1)).await;
                    }
                    drop(guard);
                }
                Err(LockError::Busy { .. } | LockError::Unavailable { .. }) => {}
                Err(error) => panic!("{error}"),
            }
        }
        taken
    })
}
