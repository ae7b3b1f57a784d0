//! Another server becomes the master while a lock is held.

use std::time::{Duration, Instant};

use lock_core::{BodyOutcome, LockError, LockGuard, LockManager};
use lock_tests::{Deployment, Server, each_server, until_async};

use super::take;

const LEASE: Duration = Duration::from_secs(10);
const WAIT: Duration = Duration::from_secs(20);
const PATIENCE: Duration = Duration::from_secs(30);

/// How the old master ends.
struct Way {
    name: &'static str,
    happens: fn(&Deployment),
    heal: fn(&Server),
}

const WAYS: [Way; 3] = [
    Way { name: "planned", happens: Deployment::fail_over, heal: |_| {} },
    Way {
        name: "the master is killed",
        happens: |deployment| {
            let old = deployment.master();
            old.kill();
            deployment.until_elsewhere(old.address().port());
        },
        heal: Server::restart,
    },
    Way {
        name: "the master hangs, and comes back",
        happens: |deployment| {
            let old = deployment.master();
            old.pause();
            deployment.until_elsewhere(old.address().port());
        },
        heal: Server::resume,
    },
];

fn each_way(test: impl AsyncFn(&Deployment, &Way) + Sync) {
    each_server(|binary| {
        for way in &WAYS {
            let start = Instant::now();
            Deployment::start(binary, 1).play(async |deployment: &Deployment| test(deployment, way).await);
            eprintln!("{}: {}: {:?}", binary.label(), way.name, start.elapsed());
        }
    });
}

/// Waits until the server that is asked now has renewed it.
async fn is_renewed(guard: &LockGuard) {
    let mut left = guard.remaining();
    until_async(PATIENCE, "it is renewed", || {
        assert!(!guard.is_lost(), "it was replicated, and is lost");
        let before = std::mem::replace(&mut left, guard.remaining());
        left > before
    })
    .await;
}

#[test]
fn a_hold_that_was_replicated_goes_on_and_waiters_get_it_afterwards() {
    each_way(async |deployment, way| {
        let (here, there) = (deployment.manager().await, deployment.manager().await);
        let old = deployment.master();
        let held = here.lock("a").expire(LEASE).acquire().await.expect("it is free");
        let waiting = there.clone();
        let waiter = tokio::spawn(async move { waiting.lock("a").wait(WAIT).acquire().await });
        let queued = |server: &Server| server.must(&["ZCARD", "LOCK:a"]).integer() > Some(1);
        until_async(PATIENCE, "the waiter is in the queue, and replicated", || {
            deployment.servers().iter().all(queued)
        })
        .await;
        (way.happens)(deployment);
        is_renewed(&held).await;
        assert!(!held.is_lost());
        assert!(!waiter.is_finished(), "two hold it");
        assert_eq!(deployment.master().must(&["EXISTS", "LOCK:a"]).integer(), Some(1));
        (way.heal)(old);
        let token = held.token();
        held.release().await.expect("it is held");
        let next = waiter.await.expect("no panic").expect("it was given back");
        assert!(next.token() > token);
    });
}

#[test]
fn a_hold_that_was_not_replicated_is_lost_and_its_holder_told() {
    each_server(|binary| {
        Deployment::start(binary, 1).play(async |deployment: &Deployment| {
            let (old, replica) = (deployment.master(), deployment.replicas()[0]);
            let locks = deployment.manager().await;
            // The sentinels mend this, but not at once.
            replica.must(&["REPLICAOF", "127.0.0.1", "1"]);
            let running = locks.clone();
            let body = tokio::spawn(async move {
                let forever = std::future::pending::<()>();
                running.lock("a").expire(LEASE).run(forever).await
            });
            until_async(PATIENCE, "it is held", || old.must(&["EXISTS", "LOCK:a"]).integer() == Some(1))
                .await;
            assert_eq!(replica.must(&["EXISTS", "LOCK:a"]).integer(), Some(0), "it was replicated");
            old.kill();
            deployment.until_elsewhere(old.address().port());
            let told = tokio::time::timeout(LEASE, body).await.expect("it is told within its lease");
            let outcome = told.expect("no panic");
            assert!(
                matches!(outcome, Err(LockError::Lost { body: BodyOutcome::Cancelled, .. })),
                "{outcome:?}"
            );
            take(&locks, "a").await;
        });
    });
}

/// Connections to `server` that are neither of a replica, nor of a sentinel, nor the one that asks.
fn strangers(server: &Server) -> Vec<String> {
    let list = server.must(&["CLIENT", "LIST"]);
    let lines = list.text().expect("a list").lines();
    let ours = lines.filter(|line| {
        !line.contains("name=sentinel-")
            && !line.contains("cmd=client")
            && !line.contains("cmd=psync")
            && !line.contains("flags=S")
            && !line.contains("flags=M")
            && !line.contains("cmd=replconf")
    });
    ours.map(str::to_owned).collect()
}

/// As [`take`]. Several sentinels tell a replica whom to follow, and each time it is away for a moment: what it did not
/// acknowledge is given back, and the caller told.
async fn take_acknowledged(locks: &LockManager, name: &str) {
    let start = Instant::now();
    loop {
        match locks.lock(name).wait(PATIENCE).acquire().await {
            Ok(guard) => return guard.release().await.expect("it is held"),
            Err(error) => {
                let unconfirmed = error.to_string().contains("replicas acknowledged");
                assert!(unconfirmed && start.elapsed() < PATIENCE, "{name} can't be taken: {error}");
            }
        }
    }
}

#[test]
fn nobody_stays_at_a_demoted_master_although_it_accepts_everything() {
    each_server(|binary| {
        Deployment::start(binary, 1).play(async |deployment: &Deployment| {
            let old = deployment.master();
            let managers = [deployment.manager().await, deployment.careful_manager(1).await];
            for (manager, name) in managers.iter().zip(["a", "b"]) {
                take(manager, name).await;
            }
            // Each has the engine's lane, one of this runtime, and the subscription; the careful one one more.
            assert_eq!(strangers(old).len(), 7, "{:#?}", strangers(old));
            deployment.fail_over();
            let start = Instant::now();
            until_async(PATIENCE, "all have left", || strangers(old).is_empty()).await;
            let took = start.elapsed();
            // A sentinel ends them too when it makes the old master a replica, many seconds later.
            let role = old.must(&["ROLE"]);
            eprintln!(
                "{}: left after {took:?}; the old master is still a {:?}",
                binary.label(),
                role.items()[0]
            );
            assert_eq!(role.items()[0].text(), Some("master"), "left only when they were thrown out");
            assert!(took < Duration::from_secs(2), "{took:?}");
            let new = deployment.master();
            // The careful one needs a replica: the old master becomes it.
            tokio::task::block_in_place(|| deployment.until_whole());
            take(&managers[0], "a").await;
            take_acknowledged(&managers[1], "b").await;
            assert!(!strangers(new).is_empty());
        });
    });
}
