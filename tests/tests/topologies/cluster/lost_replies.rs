//! Connections to a node that break after a request was carried out, and before its reply is there.

use std::time::Duration;

use lock_core::LockKind::{Fair, Multi, Read, Reentrant, Write};
use lock_core::{LockError, LockKind, LockManager, LockRequest};
use lock_tests::{Cluster, Direction, Server, Value, each_server, names_in_slot_of, until_async};
use tokio::task::JoinHandle;

use super::{FAR, PATIENCE, manager, play};
use crate::parties::{places, tickets};

/// Long: what is not undone would be seen.
const LEASE: Duration = Duration::from_secs(60);

/// Three masters, each behind a proxy that the others name in its place.
fn behind_proxies(test: impl AsyncFn(&Cluster) + Sync) {
    each_server(|binary| {
        let cluster = Cluster::start_with(binary, 3, 0, |options| options.behind_proxy(1));
        play(&cluster, &test);
    });
}

/// The last fence that was drawn in the slot of `LOCK:a`.
fn fence(cluster: &Cluster) -> u64 {
    let node = cluster.master_of("LOCK:a");
    let keys = node.must(&["KEYS", "LOCK:%fence*"]);
    let slot = cluster.slot_of("LOCK:a");
    let mut keys = keys.items().iter().filter_map(Value::text);
    let key = keys.find(|key| cluster.slot_of(key) == slot).expect("a fence was drawn");
    node.must(&["GET", key]).integer().and_then(|fence| u64::try_from(fence).ok()).expect("a number")
}

/// Who has the lock, and who waits for it.
fn record(node: &Server, name: &str) -> Value {
    node.must(&["ZRANGE", name, "0", "-1"])
}

/// Lets `asks` ask the `node`, and breaks its connections when `done` says that the request was carried out; not a byte of the
/// reply has arrived by then. `look` looks at what was done, before anything can be asked again.
async fn reply_is_lost<T: Send + 'static, S>(
    node: &Server,
    asks: impl Future<Output = T> + Send + 'static,
    done: impl Fn() -> bool,
    look: impl FnOnce() -> S,
) -> (JoinHandle<T>, S) {
    let proxy = node.proxy().expect("a proxy in front of it");
    proxy.stall(Direction::ToClient, true);
    let before = proxy.passed(Direction::ToClient);
    let asking = tokio::spawn(asks);
    until_async(PATIENCE, "the request is carried out", done).await;
    assert_eq!(proxy.passed(Direction::ToClient), before, "a reply has arrived");
    let seen = look();
    proxy.heal();
    (asking, seen)
}

/// The kinds, each with a name of its own in the slot of `LOCK:a`.
fn kinds() -> impl Iterator<Item = (LockKind, String)> {
    let kinds = [Reentrant, Fair, Read, Write, Multi];
    kinds.into_iter().zip(names_in_slot_of("a", kinds.len()))
}

/// For several locks one more is at another node, and behind it in their order: only the first is waited for at once.
fn request(locks: &LockManager, kind: LockKind, key: &str) -> LockRequest {
    let request = match kind {
        Multi => locks.lock_all([key, FAR[1]]),
        _ => locks.lock(key).kind(kind),
    };
    request.expire(LEASE).wait(PATIENCE)
}

async fn is_busy(locks: &LockManager, key: &str) -> bool {
    locks.lock(key).write().try_acquire().await.expect("the cluster answers").is_none()
}

#[test]
fn a_lock_of_any_kind_whose_reply_is_lost_is_held_once_under_one_token() {
    behind_proxies(async |cluster| {
        let (here, there) = (manager(cluster).await, manager(cluster).await);
        let node = cluster.master_of("LOCK:a");
        for (kind, key) in kinds() {
            let name = format!("LOCK:{key}");
            // The connection is whole, and the scripts are known.
            let guard = request(&here, kind, &key).acquire().await.expect("it is free");
            let first = guard.token_of(&name).expect("its own");
            guard.release().await.expect("it is held");

            let request = request(&here, kind, &key);
            let exists = || node.must(&["EXISTS", &name]).integer() == Some(1);
            let look = || (fence(cluster), record(node, &name));
            let (asking, (drawn, had)) = reply_is_lost(node, request.acquire(), exists, look).await;
            let guard = asking.await.expect("no panic").expect("there is time to ask again");
            let token = guard.token_of(&name).expect("its own");
            assert!(token > first, "{kind:?}");
            assert_eq!(token >> 11, drawn, "{kind:?}: it holds what was drawn for the lost reply");
            assert_eq!(fence(cluster), drawn, "{kind:?}: one more was drawn");
            assert_eq!(record(node, &name), had, "{kind:?}: there is more than one hold");
            assert!(is_busy(&there, &key).await, "{kind:?}: two hold at a time");
            guard.release().await.expect("it is held");
            assert!(!is_busy(&there, &key).await, "{kind:?}: a second hold is left");
        }
    });
}

#[test]
fn a_waiter_of_any_kind_whose_reply_is_lost_stands_in_the_queue_once() {
    behind_proxies(async |cluster| {
        let (here, there) = (manager(cluster).await, manager(cluster).await);
        let node = cluster.master_of("LOCK:a");
        for (kind, key) in kinds() {
            let name = format!("LOCK:{key}");
            request(&here, kind, &key)
                .acquire()
                .await
                .expect("it is free")
                .release()
                .await
                .expect("it is held");
            let held = request(&there, Write, &key).acquire().await.expect("it is free");
            let request = request(&here, kind, &key);
            let queued = || places(node, &name).len() == 1;
            let look = || (places(node, &name), tickets(node, &name));
            let (asking, (since, place)) = reply_is_lost(node, request.acquire(), queued, look).await;
            until_async(PATIENCE, "the waiter is heard of", || places(node, &name) > since).await;
            assert_eq!(tickets(node, &name), place, "{kind:?}: it has one more place, or has lost its own");
            let last = held.token();
            held.release().await.expect("it is held");
            let guard = asking.await.expect("no panic").expect("its turn comes");
            assert!(guard.token_of(&name).expect("its own") > last, "{kind:?}");
            assert!(is_busy(&there, &key).await, "{kind:?}: two hold at a time");
            guard.release().await.expect("it is held");
            assert!(!is_busy(&there, &key).await, "{kind:?}: a second place had its turn");
        }
    });
}

#[test]
fn a_reply_of_a_node_that_is_cut_within_counts_once() {
    behind_proxies(async |cluster| {
        let (here, there) = (manager(cluster).await, manager(cluster).await);
        let proxy = cluster.master_of("LOCK:a").proxy().expect("a proxy in front of it");
        let mut last = 0;
        // Every byte on a single server: see the tests of faults.
        for byte in (0..).step_by(7) {
            here.lock("a").acquire().await.expect("the network is well").release().await.expect("it is held");
            proxy.cut_after(Direction::ToClient, byte);
            let guard = request(&here, Fair, "a").acquire().await.expect("there is time to ask again");
            assert!(guard.token() > last, "byte {byte}: {} after {last}", guard.token());
            last = guard.token();
            let whole = proxy.cut_is_pending(Direction::ToClient);
            if whole {
                // All of the reply went through.
                proxy.heal();
            }
            assert!(is_busy(&there, "a").await, "byte {byte}: two hold at a time");
            let released = guard.release().await;
            assert!(
                matches!(released, Ok(()) | Err(LockError::Unavailable { .. })),
                "byte {byte}: {released:?}"
            );
            let next = there.lock("a").wait(PATIENCE).acquire().await.expect("it was freed");
            assert!(next.token() > last, "byte {byte}");
            last = next.token();
            next.release().await.expect("it is held");
            if whole {
                assert!(byte > 0, "no reply was cut");
                return;
            }
        }
    });
}
