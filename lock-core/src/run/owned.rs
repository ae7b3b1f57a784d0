//! What the entries into a lease keep held together.

use std::pin::Pin;

use super::entry::Entry;
use crate::backend::Fault;
use crate::engine::{Hold, Holds, Released};
use crate::kind::Quorum;

/// Freed in the background when dropped.
pub(super) enum Owned {
    One(Hold),
    /// Several names: those taken, and entries into the holds around the call that have the others.
    Many {
        holds: Holds,
        joined: Vec<Entry>,
    },
    /// One name on a majority of masters.
    Red(Quorum),
}

/// How a release ended.
pub(super) type Freed = Result<Released, Fault>;

impl Owned {
    /// The release is under way when this returns; the future only waits for the servers' word.
    pub(super) fn release(self) -> Pin<Box<dyn Future<Output = Freed> + Send>> {
        match self {
            Self::One(hold) => Box::pin(hold.release()),
            Self::Red(quorum) => Box::pin(quorum.release()),
            Self::Many { holds, joined } => {
                let freed = holds.release();
                let ended: Vec<_> = joined.into_iter().map(|entry| Box::pin(entry.end())).collect();
                Box::pin(async move {
                    let freed = freed.await?;
                    for end in ended {
                        end.await?;
                    }
                    Ok(freed)
                })
            }
        }
    }
}
