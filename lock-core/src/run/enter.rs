//! Taking a lock, or joining a hold of it around this call.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use super::entry::Entry;
use super::frame::current_frame;
use super::join::{join, join_now};
use super::owned::Owned;
use crate::engine::{Engine, Holds, Want};
use crate::error::LockError;
use crate::kind::{Lease, Masters, Named, Part, Parts, acquire_all, acquire_red};
use crate::name::LockName;

/// How deep holds may be nested. In a debug build a level takes about 9 KiB of the stack beside what its body takes, and a
/// worker's stack is 2 MiB; a call that is deeper is a recursion without end, as a rule, and better told so than by an overflow.
const DEEPEST: usize = 128;

/// A hold that is entered: at once, where a call around this one has it, or after a wait.
///
/// The wait is in an allocation of its own. It is by far the biggest part, and of no use any more while the body runs: inside, it would
/// be part of every function's future, and of the stack that each level of nested calls takes.
#[must_use = "nothing is entered before it is polled to its end"]
pub(crate) enum Entering {
    /// Until it was polled.
    Done(Option<Result<Entry, LockError>>),
    Waiting(Pin<Box<dyn Future<Output = Result<Entry, LockError>> + Send>>),
}

impl Entering {
    pub(crate) fn failed(error: LockError) -> Self {
        Self::Done(Some(Err(error)))
    }
}

impl Future for Entering {
    type Output = Result<Entry, LockError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut *self {
            Self::Done(entered) => entered.take().map_or(Poll::Pending, Poll::Ready),
            Self::Waiting(waiting) => waiting.as_mut().poll(context),
        }
    }
}

/// Whether one more hold may be nested in those around this call.
fn check_depth(name: &LockName) -> Result<(), LockError> {
    let depth = current_frame().map_or(0, |frame| frame.depth());
    if depth < DEEPEST {
        return Ok(());
    }
    let message = format!(
        "{depth} holds are nested around this call, the most that are allowed: does a locked function call itself without end? \
         Otherwise take the locks together, or one after the other"
    );
    Err(LockError::Params { key: name.to_string(), message })
}

/// Takes the lock, or joins it if a call around this one holds it.
pub(crate) fn enter(engine: &Engine, want: Want) -> Entering {
    if current_frame().is_some() {
        if let Err(error) = check_depth(&want.name) {
            return Entering::failed(error);
        }
        match join_now(engine, &want.name, &want.claim) {
            Ok(None) => {}
            Ok(Some(entry)) => return Entering::Done(Some(Ok(entry))),
            Err(error) => return Entering::failed(error),
        }
    }
    Entering::Waiting(Box::pin(wait(engine.clone(), want)))
}

async fn wait(engine: Engine, mut want: Want) -> Result<Entry, LockError> {
    if current_frame().is_some() {
        let deadline = engine.now() + want.wait;
        if let Some(entry) = join(&engine, &want.name, &want.claim, deadline).await? {
            return Ok(entry);
        }
        want.wait = deadline.since(engine.now());
    }
    let (record, mode) = (want.record.clone(), want.claim.mode);
    let hold = engine.acquire(want).await?;
    Ok(Entry::first(engine, hold, mode, record))
}

/// Takes all of `wants`, which are sorted, with a name of its own each. What a call around this one holds is joined.
pub(crate) async fn enter_all(engine: &Engine, wants: Vec<Want>) -> Result<Entry, LockError> {
    if let Some(want) = wants.first() {
        check_depth(&want.name)?;
    }
    let wait = wants.iter().map(|want| want.wait).max().unwrap_or_default();
    let record = wants.first().map(|want| want.record.clone()).unwrap_or_default();
    let deadline = engine.now() + wait;
    let (mut joined, mut missing) = (Vec::new(), Vec::new());
    for want in &wants {
        match join(engine, &want.name, &want.claim, deadline).await? {
            Some(entry) => joined.push(entry),
            None => missing.push(want.clone()),
        }
    }
    warn_of_inversion(engine, &missing);
    let holds = if missing.is_empty() {
        Holds::default()
    } else {
        acquire_all(engine, &missing, deadline.since(engine.now())).await?
    };
    let (mut names, mut parts) = (Vec::with_capacity(wants.len()), Vec::with_capacity(wants.len()));
    for (hold, want) in holds.iter().zip(&missing) {
        let cell = Arc::clone(hold.cell());
        names.push(Named { name: cell.name.clone(), token: cell.token, mode: want.claim.mode });
        parts.push(Part { cell, engine: engine.downgrade() });
    }
    for entry in &joined {
        let (named, part) = entry.place().joined();
        names.push(named);
        parts.extend(part);
    }
    // In their one order, whichever way each was got.
    names.sort_by_key(|named| wants.iter().position(|want| want.name == named.name));
    let lease = Lease::Many(Arc::new(Parts::all(names, parts)));
    Ok(Entry::into_lease(engine.clone(), lease, Owned::Many { holds, joined }, record))
}

/// Takes the lock on a majority of `masters`, or joins it if a call around this one has it there.
pub(crate) async fn enter_red(masters: &Arc<Masters>, mut want: Want) -> Result<Entry, LockError> {
    check_depth(&want.name)?;
    let engine = masters.first();
    let deadline = engine.now() + want.wait;
    if let Some(entry) = join(engine, &want.name, &want.claim, deadline).await? {
        return Ok(entry);
    }
    want.wait = deadline.since(engine.now());
    let record = want.record.clone();
    let quorum = acquire_red(masters, want).await?;
    Ok(Entry::into_lease(engine.clone(), quorum.lease(), Owned::Red(quorum), record))
}

/// Who waits for a name while holding a bigger one can wait in a circle with others. The wait ends by its deadline, but
/// somebody should know.
fn warn_of_inversion(engine: &Engine, missing: &[Want]) {
    let (Some(first), Some(frame)) = (missing.first(), current_frame()) else { return };
    let order = (first.name.slot(), &first.name);
    let held =
        frame.places().filter(|place| place.engine().is(engine)).flat_map(|place| place.lease().tokens());
    if let Some((bigger, _)) = held.filter(|(name, _)| (name.slot(), name) > order).max() {
        tracing::warn!(
            lock.key = %first.name,
            held = %bigger,
            "several locks are taken inside one that comes later in the order of names: calls that do so can wait for each \
             other until their time is over; take all of them together, outside"
        );
    }
}
