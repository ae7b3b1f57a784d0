//! Answers that the user's code gives again and again: passwords, certificates.
//!
//! What could go wrong: such code blocks its thread, hangs, or panics, and with it goes the thread that renews every hold, or it
//! stands on a runtime without timers that could end it. It can't: it runs on threads and on a runtime of its own
//! ([`Adviser`]), whose timers end each question; a task that wants the answer only waits for a message, and may stop waiting.

use std::error::Error;
use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_util::future::{Either, select};
use tokio::runtime::{Builder, Handle};
use tokio::sync::{oneshot, watch};

const NAME: &str = "lock-credentials";
/// How long one question may take: less than a manager may take to connect.
const LIMIT: Duration = Duration::from_millis(2500);
/// How long somebody who opens a connection waits for the answer, who has to be done within a second or less. The question goes
/// on meanwhile.
const PATIENCE: Duration = Duration::from_millis(350);
/// Connections that are opened at about the same time take the same answer, unless it turns out to be of no use. Longer than
/// anybody pauses between two attempts, so that an answer that came too late for one attempt serves the next.
const STAYS: Duration = Duration::from_secs(2);
/// Code that blocks takes a thread for each question; of more than this, the others wait.
const THREADS: usize = 4;

/// An error of the user's code.
pub(crate) type AnyError = Box<dyn Error + Send + Sync>;
type Answering<T> = Pin<Box<dyn Future<Output = Result<T, AnyError>> + Send>>;

/// Asks the user's code for a `T`.
pub(crate) struct Supplier<T>(Arc<Inner<T>>);

struct Inner<T> {
    /// What is asked, for people: "the credentials".
    what: &'static str,
    ask: Box<dyn Fn() -> Answering<T> + Send + Sync>,
    adviser: Arc<Adviser>,
    last: Mutex<Option<watch::Receiver<Question<T>>>>,
}

/// How far a question is.
struct Question<T> {
    /// It takes longer than anybody waits who opens a connection.
    is_late: bool,
    answer: Option<(Instant, Result<T, String>)>,
}

/// What opens a connection waits for a while, what starts a manager to the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wait {
    Short,
    Full,
}

impl<T> Clone for Supplier<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T: Clone + Send + Sync + 'static> Supplier<T> {
    pub(crate) fn new<F>(
        what: &'static str,
        adviser: &Arc<Adviser>,
        ask: impl Fn() -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = Result<T, AnyError>> + Send + 'static,
    {
        Self(Arc::new(Inner {
            what,
            ask: Box::new(move || Box::pin(ask())),
            adviser: Arc::clone(adviser),
            last: Mutex::default(),
        }))
    }

    /// The answer, and whether it was asked for after this call. `anew`: an earlier one was of no use.
    ///
    /// Dropping the future leaves the question to those who ask next.
    pub(super) async fn get(&self, anew: bool, wait: Wait) -> io::Result<(T, bool)> {
        let (mut question, is_fresh) = self.question(anew)?;
        let seen =
            |question: &Question<T>| question.answer.is_some() || (question.is_late && wait == Wait::Short);
        let what = self.0.what;
        let reason = match question.wait_for(seen).await {
            Ok(question) => match &question.answer {
                Some((_, Ok(value))) => return Ok((value.clone(), is_fresh)),
                Some((_, Err(reason))) => reason.clone(),
                None => format!("no answer within {PATIENCE:?}"),
            },
            Err(_) => "the thread that asks has ended".to_owned(),
        };
        Err(io::Error::other(format!("{what}: {reason}")))
    }

    fn question(&self, anew: bool) -> io::Result<(watch::Receiver<Question<T>>, bool)> {
        let mut last = self.0.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(last) = &*last
            && !anew
        {
            // One that lost its thread has no answer, and will have none.
            let is_asked = last.has_changed().is_ok();
            let may_serve = match &last.borrow().answer {
                None => is_asked,
                Some((at, answer)) => answer.is_ok() && at.elapsed() < STAYS,
            };
            if may_serve {
                return Ok((last.clone(), false));
            }
        }
        let (asks, question) = watch::channel(Question { is_late: false, answer: None });
        self.0.adviser.runtime()?.spawn(self.clone().put(asks));
        *last = Some(question.clone());
        Ok((question, true))
    }

    /// Asks, on a thread that may block, and answers whatever happens.
    async fn put(self, question: watch::Sender<Question<T>>) {
        let (given_up, is_given_up) = oneshot::channel::<()>();
        let asking = self.clone();
        let mut asked = tokio::task::spawn_blocking(move || {
            Handle::current().block_on(async move {
                let asked = (asking.0.ask)();
                match select(asked, is_given_up).await {
                    Either::Left((said, _)) => said.map_err(|error| error.to_string()),
                    Either::Right(_) => Err("given up".to_owned()),
                }
            })
        });
        let mut said = tokio::time::timeout(PATIENCE, &mut asked).await;
        if said.is_err() {
            question.send_modify(|question| question.is_late = true);
            said = tokio::time::timeout(LIMIT - PATIENCE, asked).await;
        }
        let said = match said {
            Ok(Ok(said)) => said,
            Ok(Err(_)) => Err("the code that was asked panicked".to_owned()),
            Err(_) => Err(format!("no answer within {LIMIT:?}")),
        };
        drop(given_up);
        question.send_modify(|question| question.answer = Some((Instant::now(), said)));
    }
}

impl<T> fmt::Debug for Supplier<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Supplier({})", self.0.what)
    }
}

/// The runtime on which a manager's suppliers are asked, on a thread of its own that is started by the first question and ends
/// with the last supplier.
#[derive(Default)]
pub(crate) struct Adviser(Mutex<Option<Running>>);

struct Running {
    runtime: Handle,
    /// Its end is the thread's.
    _end: oneshot::Sender<()>,
}

impl Adviser {
    fn runtime(&self) -> io::Result<Handle> {
        let mut running = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(running) = &*running {
            return Ok(running.runtime.clone());
        }
        let mut builder = Builder::new_current_thread();
        builder.enable_all().max_blocking_threads(THREADS).thread_name(NAME);
        let runtime = builder.build()?;
        let handle = runtime.handle().clone();
        let (end, ended) = oneshot::channel::<()>();
        std::thread::Builder::new().name(NAME.to_owned()).spawn(move || {
            let _ = runtime.block_on(ended);
            // Not waiting for code that blocks.
            runtime.shutdown_background();
        })?;
        *running = Some(Running { runtime: handle.clone(), _end: end });
        Ok(handle)
    }
}

impl fmt::Debug for Adviser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Adviser(..)")
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    fn adviser() -> Arc<Adviser> {
        Arc::default()
    }

    /// On a runtime without timers, like those of users.
    fn on_bare_runtime<T>(future: impl Future<Output = T>) -> T {
        Builder::new_current_thread().build().unwrap().block_on(future)
    }

    /// Each answer is the number of the question.
    fn counting<F: Future<Output = Result<usize, AnyError>> + Send + 'static>(
        answer: impl Fn(usize) -> F + Send + Sync + 'static,
    ) -> Supplier<usize> {
        let asked = AtomicUsize::new(0);
        Supplier::new("a number", &adviser(), move || answer(asked.fetch_add(1, Ordering::Relaxed)))
    }

    #[test]
    fn one_answer_serves_those_who_come_together_and_is_asked_anew_if_it_is_of_no_use() {
        let supplier = counting(|number| async move { Ok(number) });
        on_bare_runtime(async {
            assert_eq!(supplier.get(false, Wait::Short).await.unwrap(), (0, true));
            assert_eq!(supplier.get(false, Wait::Short).await.unwrap(), (0, false));
            assert_eq!(supplier.get(true, Wait::Short).await.unwrap(), (1, true));
        });
    }

    #[test]
    fn what_fails_hangs_panics_or_blocks_is_named_and_holds_up_nobody() {
        let supplier = counting(|number| async move {
            match number {
                0 => Err("the vault is sealed".into()),
                1 => panic!("a bug in the code that is asked"),
                2 => std::future::pending().await,
                3 => {
                    // The thread that it runs on.
                    std::thread::park();
                    Err("unparked".into())
                }
                _ => Ok(number),
            }
        });
        on_bare_runtime(async {
            for said in
                ["the vault is sealed", "panicked", "no answer within 350ms", "no answer within 350ms"]
            {
                let error = supplier.get(true, Wait::Short).await.unwrap_err().to_string();
                assert!(error.starts_with("a number: ") && error.contains(said), "{error}");
            }
            // Whoever starts a manager waits to the end.
            let error = supplier.get(false, Wait::Full).await.unwrap_err().to_string();
            assert!(error.contains("no answer within 2.5s"), "{error}");
            assert_eq!(supplier.get(false, Wait::Short).await.unwrap(), (4, true));
        });
    }

    #[test]
    fn an_answer_that_came_too_late_for_one_serves_the_next() {
        let (let_go, wait) = watch::channel(());
        let supplier = counting(move |number| {
            let mut wait = wait.clone();
            async move {
                wait.changed().await?;
                Ok(number)
            }
        });
        on_bare_runtime(async {
            assert!(supplier.get(false, Wait::Short).await.is_err());
            let_go.send_replace(());
            assert_eq!(supplier.get(false, Wait::Full).await.unwrap(), (0, false));
        });
    }
}
