//! Taking a lock, or joining a hold of it around this call.

use std::sync::Arc;

use super::entry::Entry;
use super::frame::{current_frame, spawned_in};
use super::join::join;
use super::owned::Owned;
use crate::engine::{Engine, Holds, Want};
use crate::error::LockError;
use crate::kind::{Lease, Masters, Named, Part, Parts, acquire_all, acquire_red};

/// Takes the lock, or joins it if a call around this one holds it.
pub(crate) async fn enter(engine: &Engine, mut want: Want) -> Result<Entry, LockError> {
    if current_frame().is_some() {
        here(engine, &want)?;
        let deadline = engine.now() + want.wait;
        if let Some(entry) = join(engine, &want.name, &want.claim, deadline).await? {
            return Ok(entry);
        }
        want.wait = deadline.since(engine.now());
    }
    let (record, mode) = (want.record.clone(), want.claim.mode);
    let hold = engine.acquire(want).await.map_err(|error| of_parent(engine, error))?;
    Ok(Entry::first(engine.clone(), hold, mode, record))
}

/// Takes all of `wants`, which are sorted, with a name of its own each. What a call around this one holds is joined.
pub(crate) async fn enter_all(engine: &Engine, wants: Vec<Want>) -> Result<Entry, LockError> {
    wants.first().map_or(Ok(()), |want| here(engine, want))?;
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
        let all = acquire_all(engine, &missing, deadline.since(engine.now())).await;
        all.map_err(|error| of_parent(engine, error))?
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
    let engine = masters.first();
    here(engine, &want)?;
    let deadline = engine.now() + want.wait;
    if let Some(entry) = join(engine, &want.name, &want.claim, deadline).await? {
        return Ok(entry);
    }
    want.wait = deadline.since(engine.now());
    let record = want.record.clone();
    let quorum = acquire_red(masters, want).await.map_err(|error| of_parent(engine, error))?;
    Ok(Entry::into_lease(engine.clone(), quorum.lease(), Owned::Red(quorum), record))
}

/// A process that was forked off has none of the engine's threads: whoever waited there would wait for ever.
fn here(engine: &Engine, want: &Want) -> Result<(), LockError> {
    if engine.is_forked() { Err(LockError::Forked { key: want.name.to_string() }) } else { Ok(()) }
}

/// Says so where the lock was busy because of a hold inside of which this very task was spawned: it may be waited for there.
fn of_parent(engine: &Engine, mut error: LockError) -> LockError {
    if let LockError::Busy { key, holder: Some(holder), .. } = &mut error
        && let Some(frame) = spawned_in()
    {
        let mut places = frame.places().filter(|place| place.engine().is(engine));
        if places.any(|place| place.lease().place_of(key).is_some() && place.lease().is_held()) {
            holder.is_the_callers_parent();
        }
    }
    error
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
