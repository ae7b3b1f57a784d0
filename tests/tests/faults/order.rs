//! Outages of the server cost time, not order: who waited before is served before who asks after.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use lock_core::{LockError, LockKind, LockManager};
use lock_tests::{Proxy, Server, Stage, arrive, each_server};
use tokio::task::JoinHandle;

const PATIENCE: Duration = Duration::from_secs(30);
/// Of those who wait: they ask every 267 ms, so an outage takes many refreshes.
const LEASE: Duration = Duration::from_millis(800);
/// Of the one who holds while the first arrives; it ends while nobody can be told.
const HELD: Duration = Duration::from_millis(1_200);
/// Longer than five refreshes; and longer than any place is kept without a word while others are heard.
const OUTAGES: [Duration; 2] = [Duration::from_millis(1_860), Duration::from_millis(5_500)];

/// What all clients of a server meet.
struct Outage {
    name: &'static str,
    begins: fn(&Server, &Proxy),
    ends: fn(&Server, &Proxy),
}

const ALL: [Outage; 4] = [
    Outage {
        name: "writes are refused",
        begins: |server, _| drop(server.must(&["CONFIG", "SET", "min-replicas-to-write", "1"])),
        ends: |server, _| drop(server.must(&["CONFIG", "SET", "min-replicas-to-write", "0"])),
    },
    Outage {
        name: "writes are refused and all subscriptions end",
        begins: |server, _| drop(server.must(&["CONFIG", "SET", "min-replicas-to-write", "1"])),
        ends: |server, _| {
            server.must(&["CLIENT", "KILL", "TYPE", "pubsub"]);
            server.must(&["CONFIG", "SET", "min-replicas-to-write", "0"]);
        },
    },
    Outage {
        name: "the server stands still",
        begins: |server, _| server.pause(),
        ends: |server, _| server.resume(),
    },
    Outage {
        name: "the network is cut",
        begins: |_, proxy| {
            proxy.refuse(true);
            proxy.cut();
        },
        ends: |_, proxy| proxy.heal(),
    },
];

type Served = Arc<Mutex<Vec<&'static str>>>;

fn waits(
    locks: &LockManager,
    kind: LockKind,
    who: &'static str,
    served: &Served,
) -> impl Future<Output = Result<(), LockError>> + Send + use<> {
    let (request, served) =
        (locks.lock("a").kind(kind).expire(LEASE).wait(PATIENCE), Arc::clone(served));
    async move {
        let guard = request.acquire().await?;
        served.lock().expect("no panic").push(who);
        guard.release().await
    }
}

/// The first waits, the outage comes, the lock's lease ends in it, and the second asks when it is over.
async fn first_is_first(stage: &Stage, outage: &Outage, lasts: Duration, kind: LockKind) {
    let proxy = Proxy::start(stage.server().address(), 1);
    let url = stage.server().url_through(proxy.address());
    let connect = async || LockManager::connect(&url).await.expect("the proxy lets it through");
    let (holder, one, two) = (connect().await, connect().await, connect().await);
    two.lock("other").acquire().await.expect("it is free").release().await.expect("it is held");
    let served = Served::default();
    let held = holder.lock("a").expire(HELD).renew(false).acquire().await.expect("it is free");
    let first = arrive(stage, "a", waits(&one, kind, "first", &served)).await;
    (outage.begins)(stage.server(), &proxy);
    tokio::time::sleep(lasts).await;
    (outage.ends)(stage.server(), &proxy);
    let second: JoinHandle<_> = tokio::spawn(waits(&two, kind, "second", &served));
    for waiter in [first, second] {
        waiter.await.expect("no panic").expect("its turn comes");
    }
    assert_eq!(*served.lock().expect("no panic"), ["first", "second"], "{}, {lasts:?}, {kind:?}", outage.name);
    drop(held);
}

#[test]
fn a_waiter_that_survives_an_outage_is_not_overtaken_by_one_who_asks_after_it() {
    each_server(|binary| {
        for outage in &ALL {
            for lasts in OUTAGES {
                Stage::on(binary).play(async |stage: &Stage| {
                    first_is_first(stage, outage, lasts, LockKind::Fair).await;
                });
            }
        }
    });
}
