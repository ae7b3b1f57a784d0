//! A hold that is written down while it lasts.

use std::io;
use std::time::Duration;

use lock_core::{Held, LockError, LockGuard};

use crate::now_ns;
use crate::soak::diary::Diary;
use crate::soak::event::{Event, What};

/// How often a holder looks at its validity.
const LOOK: Duration = Duration::from_millis(5);
/// Longer than any lease, and any time for which the process is stopped.
const TOLD: Duration = Duration::from_secs(5);

/// A hold that is written down while it lasts. However it ends, the end is written down before the lock is freed.
#[derive(Debug)]
pub(super) struct Hold {
    // Dropped before the guard.
    page: Page,
    held: Held,
    guard: Option<LockGuard>,
}

#[derive(Debug)]
struct Page {
    diary: Diary,
    who: String,
    until_ns: u64,
    ended: bool,
}

impl Page {
    fn note(&self, what: What) {
        self.diary.note(&self.who, what);
    }

    fn answered(&self, answer: Result<(), LockError>) {
        let outcome = match answer {
            Ok(()) => "freed",
            Err(error) => super::section::class(&error),
        };
        self.note(What::Answered { outcome: outcome.to_owned() });
    }

    fn end(&mut self) {
        if !self.ended {
            self.ended = true;
            self.note(What::Release);
        }
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        self.end();
    }
}

/// When a look began, and until when it found the lock valid, erring on the early side.
fn look(held: &Held) -> (u64, u64) {
    let now = now_ns();
    (now, now.saturating_add(u64::try_from(held.remaining().as_nanos()).unwrap_or(0)))
}

impl Hold {
    pub(super) fn of_guard(diary: &Diary, who: &str, guard: LockGuard) -> Self {
        Self::new(diary, who, guard.held(), Some(guard))
    }

    /// Of the body that runs.
    pub(super) fn of_body(diary: &Diary, who: &str) -> Option<Self> {
        Some(Self::new(diary, who, Held::current()?, None))
    }

    fn new(diary: &Diary, who: &str, held: Held, guard: Option<LockGuard>) -> Self {
        let (at_ns, until_ns) = look(&held);
        let page = Page { diary: diary.clone(), who: who.to_owned(), until_ns, ended: false };
        let hold = Self { page, held, guard };
        // Of when it was looked at: the process may be stopped between looking and writing.
        let what = What::Granted { until_ns, tokens: hold.tokens() };
        hold.page.diary.write(&Event { at_ns, who: hold.page.who.clone(), what });
        hold
    }

    pub(super) fn held(&self) -> &Held {
        &self.held
    }

    pub(super) fn tokens(&self) -> Vec<(String, u64)> {
        self.held.tokens().into_iter().map(|(name, token)| (name.to_string(), token)).collect()
    }

    pub(super) fn fenced(&self) {
        self.page.note(What::Fenced);
    }

    /// Holds for that long; `false` if the hold was lost meanwhile.
    pub(super) async fn keep(&mut self, time: Duration) -> bool {
        let end = now_ns() + u64::try_from(time.as_nanos()).unwrap_or(0);
        loop {
            let left = Duration::from_nanos(end.saturating_sub(now_ns()));
            tokio::select! {
                () = self.held.lost() => {
                    self.page.note(What::Lost);
                    return false;
                }
                () = tokio::time::sleep(left.min(LOOK)) => {}
            }
            self.look();
            if now_ns() >= end {
                return true;
            }
        }
    }

    /// [`keep`](Self::keep) on a plain thread.
    pub(super) fn keep_blocking(&mut self, time: Duration) {
        let end = now_ns() + u64::try_from(time.as_nanos()).unwrap_or(0);
        while !self.held.is_lost() {
            let left = Duration::from_nanos(end.saturating_sub(now_ns()));
            if left.is_zero() {
                return;
            }
            std::thread::sleep(left.min(LOOK));
            self.look();
        }
        self.page.note(What::Lost);
    }

    /// Waits for the loss alone, and looks at nothing meanwhile: it has to be told. Fails if it is not.
    pub(super) async fn outlive(&self) -> io::Result<()> {
        let told = tokio::time::timeout(TOLD, self.held.lost()).await;
        told.map_err(|_| io::Error::other(format!("a loss that was not told within {TOLD:?}")))?;
        self.page.note(What::Lost);
        Ok(())
    }

    fn look(&mut self) {
        let (_, until) = look(&self.held);
        if until > self.page.until_ns && !self.held.is_lost() {
            self.page.until_ns = until;
            self.page.note(What::Valid { until_ns: until });
        }
    }

    /// Goes on as a reader: the hold that was ends here, another one under the name `who` begins.
    pub(super) async fn downgrade(mut self, who: &str) -> Option<Self> {
        self.page.end();
        let guard = self.guard.take()?;
        let diary = self.page.diary.clone();
        match guard.downgrade().await {
            Ok(guard) => Some(Self::of_guard(&diary, who, guard)),
            Err(error) => {
                diary.note(who, What::GaveUp { class: super::section::class(&error).to_owned() });
                None
            }
        }
    }

    /// [`release`](Self::release) on a plain thread.
    pub(super) fn release_blocking(mut self) {
        self.page.end();
        if let Some(guard) = self.guard.take() {
            self.page.answered(guard.release_blocking());
        }
    }

    /// Gives it back and writes down the answer.
    pub(super) async fn release(mut self) {
        self.page.end();
        if let Some(guard) = self.guard.take() {
            let answer = guard.release().await;
            self.page.answered(answer);
        }
    }
}
