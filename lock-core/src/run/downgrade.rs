//! From a write lock to a read lock, with nobody in between.

use std::time::Duration;

use super::entry::Entry;
use crate::backend::{Mode, Via};
use crate::engine::{Claim, Want};
use crate::error::{BodyOutcome, LockError};
use crate::holder::Caller;

/// Replaces the hold of `entry` by one for reading, in one step at the server.
///
/// What could go wrong: another writer comes in between. It can't: the server takes the one away as it gives the other. Or a
/// renewal of the old one is told that it is gone, and the holder that it has lost what it still has. It can't: renewals of
/// the old one end first.
pub(crate) async fn downgrade(
    entry: Entry,
    (expire, renew): (Duration, bool),
    via: Via,
) -> Result<Entry, LockError> {
    let key = entry.lease().name().to_string();
    let spelling = entry.place().spelling().cloned();
    let (engine, hold, record) = match entry.take_out() {
        Ok(taken) => taken,
        // Dropped, so that what the error says is true of every error: it is not held any more.
        Err(_) => {
            let message = "this guard joined a hold around it, which goes on being exclusive: downgrade the outer one, when \
                           nothing is inside"
                .to_owned();
            return Err(LockError::Params { key, message });
        }
    };
    let Some(frozen) = engine.freeze(hold.cell()) else {
        return Err(LockError::Lost { key, body: BodyOutcome::Finished });
    };
    let want = Want {
        name: hold.cell().name.clone(),
        claim: Claim { replaces: Some(frozen.id), ..Claim::READ },
        record: record.clone(),
        caller: Caller::here(),
        // The server has it at hand: nothing is waited for.
        wait: Duration::ZERO,
        expire,
        renew,
        // The body goes on: its longest hold has begun with the write lock.
        max_hold: frozen.left.filter(|_| renew),
        via,
    };
    let keep = hold.cell().keep_until().since(engine.now());
    let reading = engine.acquire(want).await?;
    engine.keep(reading.cell(), keep);
    // Only now: forgotten first, the old one would have let others in.
    drop(hold);
    Ok(Entry::first(engine, reading, Mode::Shared, record).spelled(spelling))
}
