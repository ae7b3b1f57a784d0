//! One attempt: asking, the critical section, the end.

use std::io;
use std::path::PathBuf;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use std::time::Duration;

use lock_core::{LockError, LockManager};

use super::hold::Hold;
use super::nested::Nested;
use super::plan::{Fate, Intended, Plan};
use crate::now_ns;
use crate::soak::diary::Diary;
use crate::soak::event::What;
use crate::soak::witness::Witness;

/// Long enough for any lease of the soak to be over.
const PAST_A_LEASE: Duration = Duration::from_millis(800);

/// What a task works with.
#[derive(Clone, Debug)]
pub(super) struct Surroundings {
    pub(super) locks: LockManager,
    pub(super) diary: Diary,
    pub(super) witness: PathBuf,
}

/// The word for an error in a history.
pub(super) fn class(error: &LockError) -> &'static str {
    match error {
        LockError::Busy { .. } => "busy",
        LockError::Unavailable { reason, .. } if reason.contains("acknowledged") => "unconfirmed",
        LockError::Unavailable { .. } => "unavailable",
        LockError::Refused { .. } => "refused",
        LockError::ForeignData { .. } => "foreign",
        LockError::Lost { .. } => "lost",
        LockError::ShutDown { .. } => "shut down",
        _ => "strange",
    }
}

/// Goes through with `plan`. Fails only where the witness is gone.
pub(super) async fn attempt(around: &Surroundings, plan: Plan) -> io::Result<()> {
    let who = around.diary.attempt();
    asks(around, &plan, &who, plan.kind);
    for deed in plan.deeds() {
        around.diary.note_self(What::Deed { name: deed.to_owned() });
    }
    let fate = plan.fate;
    if fate == Fate::OnThread {
        let mine = around.clone();
        let thread = tokio::task::spawn_blocking(move || on_thread(&mine, &plan, &who));
        return thread.await.unwrap_or_else(|error| Err(io::Error::other(error)));
    }
    let (mine, own) = (around.clone(), who.clone());
    let all = async move { whole(&mine, &plan, &own).await };
    match fate {
        Fate::Panics => {
            // The panic is the end of a task of its own.
            match tokio::spawn(all).await {
                Ok(ended) => ended,
                Err(_) => Ok(()),
            }
        }
        Fate::Aborted => {
            let task = tokio::spawn(all);
            tokio::time::sleep(Duration::from_millis(30)).await;
            task.abort();
            match task.await {
                Ok(ended) => ended,
                Err(_) => {
                    dropped(&around.diary, &who);
                    Ok(())
                }
            }
        }
        Fate::GivenUpAfter(time) => match tokio::time::timeout(time, all).await {
            Ok(ended) => ended,
            Err(_) => {
                dropped(&around.diary, &who);
                Ok(())
            }
        },
        Fate::GivenUpAtPoll(count) => match polled(count, all).await {
            Some(ended) => ended,
            None => {
                dropped(&around.diary, &who);
                Ok(())
            }
        },
        _ => all.await,
    }
}

fn asks(around: &Surroundings, plan: &Plan, who: &str, kind: &str) {
    let name = |name: &&str| format!("LOCK:{name}");
    around.diary.note(
        who,
        What::Asked {
            kind: kind.to_owned(),
            names: plan.names.iter().map(name).collect(),
            wait_ns: u64::try_from(plan.wait.as_nanos()).unwrap_or(u64::MAX),
            least_ns: u64::try_from(plan.least.as_nanos()).unwrap_or(0),
            renews: plan.renews(),
        },
    );
}

fn dropped(diary: &Diary, who: &str) {
    diary.note(who, What::GaveUp { class: "dropped".to_owned() });
}

/// Polls a future so often, then drops it.
async fn polled<F: Future>(count: u64, future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut left = count;
    std::future::poll_fn(|context| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        let polled = future.as_mut().poll(context).map(Some);
        if left == 0 && polled.is_pending() { Poll::Ready(None) } else { polled }
    })
    .await
}

async fn whole(around: &Surroundings, plan: &Plan, who: &str) -> io::Result<()> {
    let request = plan.request(&around.locks);
    let gave_up = |error: &LockError| {
        around.diary.note(who, What::GaveUp { class: class(error).to_owned() });
    };
    if plan.as_body {
        let began = AtomicBool::new(false);
        let body = async {
            match Hold::of_body(&around.diary, who) {
                Some(hold) => {
                    began.store(true, Ordering::Relaxed);
                    section(around, plan, hold).await.map(drop)
                }
                None => Err(io::Error::other("a body without a hold")),
            }
        };
        return match request.run(body).await {
            Ok(ended) => ended,
            // The body was cancelled, or ended too late.
            Err(LockError::Lost { .. }) if began.load(Ordering::Relaxed) => {
                around.diary.note(who, What::Lost);
                Ok(())
            }
            Err(error) => {
                gave_up(&error);
                Ok(())
            }
        };
    }
    match request.acquire().await {
        Ok(guard) => {
            let hold = Hold::of_guard(&around.diary, who, guard);
            let hold = section(around, plan, hold).await?;
            match plan.fate {
                Fate::Dropped => drop(hold),
                Fate::Downgrades => {
                    let reads = around.diary.attempt();
                    asks(around, plan, &reads, "read");
                    around.diary.note(&reads, What::Downgrades { from: who.to_owned() });
                    if let Some(mut hold) = hold.downgrade(&reads).await {
                        hold.keep(plan.hold).await;
                        hold.release().await;
                    }
                }
                _ => hold.release().await,
            }
        }
        Err(error) => gave_up(&error),
    }
    Ok(())
}

/// Keeps a thread of the runtime from doing anything else.
fn block(around: &Surroundings, time: Duration) {
    let began = now_ns();
    std::thread::sleep(time);
    around.diary.note_self(What::Blocked { for_ns: now_ns() - began });
}

/// Stops this process past every lease; another one wakes it.
fn freeze(around: &Surroundings) {
    let began = now_ns();
    let wakes = format!("sleep {}; kill -CONT {}", PAST_A_LEASE.as_secs_f64(), std::process::id());
    let woken = std::process::Command::new("sh").args(["-c", &wakes]).spawn();
    if let Ok(mut waker) = woken {
        let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::STOP);
        // Whoever else wakes it, this thread does nothing before that.
        let _ = waker.wait();
    }
    around.diary.note_self(What::Blocked { for_ns: now_ns() - began });
}

fn on_thread(around: &Surroundings, plan: &Plan, who: &str) -> io::Result<()> {
    let guard = match plan.request(&around.locks).acquire_blocking() {
        Ok(guard) => guard,
        Err(error) => {
            around.diary.note(who, What::GaveUp { class: class(&error).to_owned() });
            return Ok(());
        }
    };
    let mut hold = Hold::of_guard(&around.diary, who, guard);
    let mut witness = Witness::connect(&around.witness)?;
    let read = claim_all(&mut witness, &hold)?;
    hold.keep_blocking(plan.hold);
    write_all(&mut witness, plan, &hold, read)?;
    hold.release_blocking();
    Ok(())
}

/// Claims and reads what the lock protects, pauses, and writes it. Never looks whether it may: that is the fence's part.
async fn section(around: &Surroundings, plan: &Plan, mut hold: Hold) -> io::Result<Hold> {
    let mut witness = Witness::connect(&around.witness)?;
    let read = claim_all(&mut witness, &hold)?;
    let nested = if plan.nests { Nested::begin(around, plan, &hold).await? } else { None };
    match plan.fate {
        Fate::Blocks => block(around, plan.hold.max(Duration::from_millis(200))),
        Fate::Outlives => hold.outlive().await?,
        Fate::Freezes => freeze(around),
        _ => drop(hold.keep(plan.hold).await),
    }
    if let Some(nested) = nested {
        nested.end(&hold).await?;
    }
    if plan.fate == Fate::Panics {
        std::panic::panic_any(Intended);
    }
    write_all(&mut witness, plan, &hold, read)?;
    Ok(hold)
}

/// Claims the registers of all its names, and reads them.
fn claim_all(witness: &mut Witness, hold: &Hold) -> io::Result<Vec<(u64, u64)>> {
    hold.tokens().iter().map(|(name, token)| witness.claim(name, *token)).collect()
}

/// Readers don't.
fn write_all(witness: &mut Witness, plan: &Plan, hold: &Hold, read: Vec<(u64, u64)>) -> io::Result<()> {
    if plan.kind.starts_with("read") {
        return Ok(());
    }
    for ((name, token), read) in hold.tokens().iter().zip(read) {
        if !witness.write(name, *token, read)? {
            hold.fenced();
        }
    }
    Ok(())
}
