//! Another server becomes the master while a lock is held.

use std::time::{Duration, Instant};

use lock_core::{BodyOutcome, Held, LockError, LockManager};
use lock_tests::{Deployment, Recorder, Server, each_server, now_ns, oldest_and_newest, until_async};

use super::take;
use super::ways::WAYS;
use crate::breakage::replicated;
use crate::history::History;
use crate::parties::{Parties, casts, near_names};

/// Longer than a failover takes.
const LEASE: Duration = Duration::from_secs(8);
const WAIT: Duration = Duration::from_secs(20);
const PATIENCE: Duration = Duration::from_secs(30);

#[test]
fn holds_of_all_kinds_that_were_replicated_go_on_and_waiters_get_them_afterwards() {
    oldest_and_newest(|binary| {
        for way in &WAYS {
            let start = Instant::now();
            Deployment::start(binary, 1).play(async |deployment: &Deployment| {
                let history = History::new();
                let names: Vec<String> = (0..near_names(2)).map(|number| format!("n{number}")).collect();
                let casts = casts(&names, &["a", "z"].map(str::to_owned));
                let parties = Parties::gather(deployment, casts, LEASE, &history.recorder).await;
                let (old, replica) = (deployment.master(), deployment.replicas()[0]);
                for name in parties.names() {
                    replicated(old, replica, &name).await;
                }
                (way.happens)(deployment);
                parties.go_on(|_| deployment.master()).await;
                (way.heal)(old);
                parties.can_be_told(deployment.master()).await;
                parties.hand_over().await.judge(&history.right());
            });
            eprintln!("{}: {}: {:?}", binary.label(), way.name, start.elapsed());
        }
    });
}

/// A body that never ends, and writes down how long it has the lock.
async fn looks_on(recorder: Recorder) {
    let held = Held::current().expect("it runs under a lock");
    let hold = recorder.took(held.name().as_str(), "body", held.token());
    loop {
        let now = now_ns();
        if !held.is_lost() {
            hold.valid_at(now);
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

#[test]
fn a_hold_that_was_not_replicated_is_lost_and_its_holder_told() {
    each_server(|binary| {
        Deployment::start(binary, 1).play(async |deployment: &Deployment| {
            let (old, replica) = (deployment.master(), deployment.replicas()[0]);
            let locks = deployment.manager().await;
            // The sentinels mend this, but not at once.
            replica.must(&["REPLICAOF", "127.0.0.1", "1"]);
            let history = History::new();
            let (running, recorder) = (locks.clone(), history.recorder.clone());
            let body =
                tokio::spawn(async move { running.lock("a").expire(LEASE).run(looks_on(recorder)).await });
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
            let next = deployment.manager().await.lock("a").wait(WAIT).acquire().await.expect("it is free");
            let hold = history.recorder.took("LOCK:a", "next", next.token());
            hold.valid_at(now_ns());
            next.release().await.expect("it is held");
            assert_eq!(history.right().len(), 2);
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
