//! A transfer service whose lock server is killed again and again, and comes back without any data.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use lock_core::{LockError, LockManager, distributed_lock};
use lock_tests::{Stage, each_server, until_async};
use tokio::task::JoinSet;

use crate::bank::Bank;

const KILLS: u32 = 10;
const ACCOUNTS: [&str; 3] = ["Ann Smith", "bob", "50% off"];
const CENTS: i64 = 10_000;
const REPLICAS: u64 = 3;
const TASKS: u64 = 4;
/// Long enough for others to get a lock that the server forgot, while its first holder still thinks.
const THINKS: Duration = Duration::from_millis(60);
const PATIENCE: Duration = Duration::from_secs(20);

/// What the transfers came to.
#[derive(Debug, Default)]
struct Counts {
    thinking: AtomicU64,
    done: AtomicU64,
    refused: AtomicU64,
}

/// Moves a cent as the documentation says: claims both accounts with the read, thinks, and writes both, or none.
#[distributed_lock(prefix = "account", keys = [from, to], locks = locks, wait = "2s", expire = "2s", guard = held)]
async fn transfer(
    locks: &LockManager,
    bank: &Bank,
    counts: &Counts,
    from: &str,
    to: &str,
) -> Result<(), LockError> {
    let token_of = |account: &str| held.token_of(("account", account)).expect("it is one of the keys");
    let (paying, paid) = (token_of(from), token_of(to));
    let claimed = bank.claim(from, paying).zip(bank.claim(to, paid));
    counts.thinking.fetch_add(1, Ordering::Relaxed);
    tokio::time::sleep(THINKS).await;
    let written =
        claimed.is_some_and(|(has, gets)| bank.write(&[(from, paying, has - 1), (to, paid, gets + 1)]));
    let count = if written { &counts.done } else { &counts.refused };
    count.fetch_add(1, Ordering::Relaxed);
    Ok(())
}

async fn serve(locks: LockManager, bank: Bank, counts: Arc<Counts>, number: usize) {
    for turn in number.. {
        let (from, to) = (ACCOUNTS[turn % ACCOUNTS.len()], ACCOUNTS[(turn + 1) % ACCOUNTS.len()]);
        // Whatever the lock says: the next customer comes.
        let _ = transfer(&locks, &bank, &counts, from, to).await;
    }
}

#[test]
fn no_cent_is_lost_however_often_the_lock_server_is_killed() {
    each_server(|binary| {
        Stage::on(binary).play(async |stage: &Stage| {
            let bank = Bank::open(&ACCOUNTS, CENTS);
            let total = bank.total();
            let counts = Arc::new(Counts::default());
            let mut service = JoinSet::new();
            for replica in 0..REPLICAS {
                let locks = stage.manager().await;
                for task in 0..TASKS {
                    let number = usize::try_from(replica * TASKS + task).expect("few");
                    service.spawn(serve(locks.clone(), bank.clone(), Arc::clone(&counts), number));
                }
            }
            for _ in 0..KILLS {
                let before = counts.thinking.load(Ordering::Relaxed);
                let one_thinks = || counts.thinking.load(Ordering::Relaxed) > before;
                until_async(PATIENCE, "somebody is in the middle of a transfer", one_thinks).await;
                stage.server().restart_empty();
            }
            let before = counts.done.load(Ordering::Relaxed);
            let goes_on = || counts.done.load(Ordering::Relaxed) > before + 2;
            until_async(PATIENCE, "the service goes on", goes_on).await;
            service.shutdown().await;
            assert_eq!(bank.total(), total, "{counts:?}");
            assert!(counts.refused.load(Ordering::Relaxed) > 0, "the kills made no two holders: {counts:?}");
        });
    });
}
