//! What other lock crates do where this one promises something: the same faults over each of them, side by side.

mod distributed_lock;
mod ours;
mod peer;
mod probes;
mod rslock;

use std::process::ExitCode;

use self::distributed_lock::DistributedLock;
use self::ours::Ours;
use self::peer::Peer;
use self::rslock::RsLock;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    // Bodies panic here by intention.
    std::panic::set_hook(Box::new(|_| {}));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let Ok(runtime) = runtime else { return ExitCode::FAILURE };
    // What some of the peers return can't be sent to other threads.
    let local = tokio::task::LocalSet::new();
    local.block_on(&runtime, async {
        match &arguments[..] {
            [word, peer, url] if word == "frozen" => match peer.as_str() {
                Ours::NAME => probes::be_frozen::<Ours>(url).await,
                RsLock::NAME => probes::be_frozen::<RsLock>(url).await,
                _ => probes::be_frozen::<DistributedLock>(url).await,
            },
            _ => {
                probes::all::<Ours>().await;
                probes::all::<RsLock>().await;
                probes::all::<DistributedLock>().await;
            }
        }
    });
    ExitCode::SUCCESS
}
