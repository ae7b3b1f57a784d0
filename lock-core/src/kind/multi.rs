//! Several names, all or none.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use super::red::before;
use crate::backend::REQUEST_LIMIT;
use crate::clock::Moment;
use crate::engine::{Engine, Hold, Holds, Lost, Waiting, Want};
use crate::error::LockError;

/// An attempt ends by itself at the end of the wait, and says why. This much later it is cut short.
const CUT_SHORT: Duration = Duration::from_millis(50);

/// Takes all of `wants`, which stand in the order of [`sorted`](super::sorted), within `wait`.
///
/// First all at once: the smallest patiently, the others only if they are free. What was got up to the first gap is kept
/// and renewed by the engine, the rest is given back at once; then only the gap is waited for, then the rest tried again.
///
/// What could go wrong: two calls wait for what the other holds, for ever. They can't: a call waits for a name only while
/// it holds smaller ones, in an order that is the same for all, so there is no circle.
pub(crate) async fn acquire_all(engine: &Engine, wants: &[Want], wait: Duration) -> Result<Holds, LockError> {
    let since = engine.now();
    let deadline = since + wait;
    // A body's time begins when all are held; until then what is held is renewed.
    let renewed = |want: &Want| Want { renew: true, max_hold: None, ..want.clone() };
    let of_bodies = wants;
    let wants: Vec<Want> = of_bodies.iter().map(renewed).collect();
    // The first attempt may take the request limit, whatever the wait is; one that begins at the end of the wait may not.
    let latest = deadline.max(since + REQUEST_LIMIT);
    let mut held = Holds::default();
    let (mut alone, mut busy) = (false, None);
    loop {
        let rest = &wants[held.len()..];
        let rest = if alone { &rest[..1] } else { rest };
        let round = Round::begin(engine, rest, deadline.since(engine.now()), &held);
        let outcome = before(engine, latest + CUT_SHORT, round).await;
        let now = engine.now();
        let Some(outcome) = outcome else {
            let error = busy.unwrap_or_else(|| unanswered(&wants[held.len()]));
            return Err(error.after(now.since(since)));
        };
        match outcome {
            // One that is held no more is no use to anybody: all of it again.
            Outcome::Lost => {
                held = Holds::default();
                alone = false;
                if now >= deadline {
                    return Err(lost_while_waiting(&wants[0], now.since(since)));
                }
            }
            Outcome::Got { holds, gap, behind } => {
                // Who was waited for patiently has been waited for as long as it is of use.
                let patiently = holds.is_empty();
                held.append(holds);
                alone = gap.is_some();
                if let Some(error) =
                    gap.clone().filter(|error| patiently || now >= deadline || !error.may_pass())
                {
                    held.append(behind);
                    give_back(engine, held, &error, latest).await;
                    return Err(error.after(now.since(since)));
                }
                busy = gap.filter(LockError::is_busy);
            }
        }
        if held.len() == wants.len() {
            if held.iter().all(|hold| hold.cell().is_held()) {
                for (hold, want) in held.iter().zip(of_bodies) {
                    engine.begin_body(hold.cell(), want);
                }
                return Ok(held);
            }
            held = Holds::default();
            if now >= deadline {
                return Err(lost_while_waiting(&wants[0], now.since(since)));
            }
        }
    }
}

/// Who is told that one is busy finds all others free, if there is time to wait for the server's word. A server that is
/// silent is not waited for.
async fn give_back(engine: &Engine, held: Holds, why: &LockError, latest: Moment) {
    let freed = held.release();
    if why.is_busy() {
        // What could not be freed is tried again in the background, and logged.
        let _ = before(engine, latest, Box::pin(freed)).await;
    }
}

fn lost_while_waiting(first: &Want, waited: Duration) -> LockError {
    let reason = "the names held already were lost while waiting for the others".to_owned();
    LockError::Unavailable { key: first.name.to_string(), waited, reason }
}

fn unanswered(want: &Want) -> LockError {
    let reason = "no answer in time".to_owned();
    LockError::Unavailable { key: want.name.to_string(), waited: Duration::ZERO, reason }
}

/// One attempt at the names that are missing.
struct Round {
    asked: Vec<Asked>,
    /// What is held from earlier rounds has to stay held.
    kept: Vec<Lost>,
}

enum Asked {
    Open(Waiting),
    Got(Hold),
    Failed(LockError),
}

enum Outcome {
    /// What was got up to the first that was not, why that was not, and what was got behind it and is to be given back.
    Got { holds: Holds, gap: Option<LockError>, behind: Holds },
    /// Something held from earlier rounds was lost meanwhile.
    Lost,
}

impl Round {
    /// All that is asked for here leaves at once.
    fn begin(engine: &Engine, rest: &[Want], left: Duration, held: &[Hold]) -> Self {
        let with_wait = |(place, want): (usize, &Want)| {
            let wait = if place == 0 { left } else { Duration::ZERO };
            Want { wait, ..want.clone() }
        };
        let waitings = engine.acquire_all(rest.iter().enumerate().map(with_wait).collect());
        Self {
            asked: waitings.into_iter().map(Asked::Open).collect(),
            kept: held.iter().map(|hold| hold.cell().lost()).collect(),
        }
    }

    /// What has no answer yet is undone by dropping it.
    fn end(&mut self) -> Outcome {
        let (mut holds, mut behind, mut gap) = (Holds::default(), Holds::default(), None);
        for asked in std::mem::take(&mut self.asked) {
            match asked {
                Asked::Got(hold) if gap.is_none() => holds.push(hold),
                Asked::Got(hold) => behind.push(hold),
                Asked::Failed(error) => gap = gap.or(Some(error)),
                Asked::Open(_) => {}
            }
        }
        Outcome::Got { holds, gap, behind }
    }
}

impl Future for Round {
    type Output = Outcome;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Outcome> {
        let this = &mut *self;
        if this.kept.iter_mut().any(|lost| Pin::new(lost).poll(context).is_ready()) {
            return Poll::Ready(Outcome::Lost);
        }
        for asked in &mut this.asked {
            if let Asked::Open(waiting) = asked
                && let Poll::Ready(result) = Pin::new(waiting).poll(context)
            {
                *asked = result.map_or_else(Asked::Failed, Asked::Got);
            }
        }
        let first_open = this.asked.iter().position(|asked| matches!(asked, Asked::Open(_)));
        let first_failed = this.asked.iter().position(|asked| matches!(asked, Asked::Failed(_)));
        match (first_open, first_failed) {
            (None, _) => Poll::Ready(this.end()),
            // What comes behind a gap is given back, whatever the answer will be.
            (Some(open), Some(failed)) if failed < open => Poll::Ready(this.end()),
            (Some(0), _) if this.asked.len() > 1 => {
                this.give_back_behind_the_first();
                Poll::Pending
            }
            _ => Poll::Pending,
        }
    }
}

impl Round {
    /// The first is still waited for although all others have their answers: others have it. Nothing bigger is held
    /// meanwhile, or two calls could wait for each other.
    fn give_back_behind_the_first(&mut self) {
        if self.asked[1..].iter().all(|asked| !matches!(asked, Asked::Open(_))) {
            self.asked.truncate(1);
        }
    }
}
