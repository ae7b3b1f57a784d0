//! What every crate can do in some way.

use std::time::Duration;

/// One lock crate, used as its documentation shows.
pub(crate) trait Peer: Sized + 'static {
    const NAME: &str;
    /// What it gives a holder.
    type Hold;

    async fn connect(url: &str) -> Self;

    /// Takes a lock that is kept as long as the hold lives, if the crate can.
    async fn acquire(&self, name: &str, lease: Duration) -> Self::Hold;

    /// The number with which a resource could tell an old holder from a new one.
    fn token(hold: &Self::Hold) -> Option<u64>;

    /// Runs a body under the lock; `false` if the crate ended it, or said that the lock is lost.
    async fn run(&self, name: &str, lease: Duration, body: impl Future<Output = ()>) -> bool;
}
