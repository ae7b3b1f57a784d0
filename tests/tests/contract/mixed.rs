//! All kinds share one name space.

use std::time::Duration;

use lock_core::{LockManager, LockRequest};
use lock_tests::{Server, Stage, arrive, leftovers};

const PATIENCE: Duration = Duration::from_secs(20);

/// A way to ask for the lock `a`, where it is one of several with another one, and whether it shares.
type Way = (&'static str, fn(&LockManager, &str) -> LockRequest, bool);

const WAYS: [Way; 7] = [
    ("reentrant", |locks, _| locks.lock("a"), false),
    ("fair", |locks, _| locks.lock("a").fair(), false),
    ("write", |locks, _| locks.lock("a").write(), false),
    ("several", |locks, other| locks.lock_all([other, "a"]), false),
    ("several to write", |locks, other| locks.lock_all([other, "a"]).write(), false),
    ("read", |locks, _| locks.lock("a").read(), true),
    ("several to read", |locks, other| locks.lock_all([other, "a"]).read(), true),
];

pub(crate) async fn every_two_kinds_exclude_each_other_unless_both_read(stage: &Stage) {
    let (here, there) = (stage.manager().await, stage.manager().await);
    for (first_name, first, first_shares) in WAYS {
        for (second_name, second, second_shares) in WAYS {
            let held = first(&here, "first").acquire().await.expect("it is free");
            for (locks, place) in [(&here, "in its own process"), (&there, "in another process")] {
                let beside = second(locks, "second").try_acquire().await.expect("an answer");
                assert_eq!(
                    beside.is_some(),
                    first_shares && second_shares,
                    "{second_name} {place} beside {first_name}"
                );
                if let Some(beside) = beside {
                    beside.release().await.expect("it is held");
                }
            }
            held.release().await.expect("it is held");
        }
    }
}

pub(crate) async fn every_kind_is_handed_the_lock_of_every_other(stage: &Stage) {
    let (here, there) = (stage.manager().await, stage.manager().await);
    for (first_name, first, first_shares) in WAYS {
        for (second_name, second, second_shares) in WAYS {
            if first_shares && second_shares {
                continue;
            }
            let held =
                first(&here, "first").expire(PATIENCE).renew(false).acquire().await.expect("it is free");
            let token = held.token();
            let request = second(&there, "second").wait(PATIENCE);
            let waiter = arrive(stage, "a", async move { request.acquire().await }).await;
            held.release().await.expect("it is held");
            let next = waiter.await.expect("no panic");
            let next = next.unwrap_or_else(|error| panic!("{second_name} after {first_name}: {error}"));
            if !first_name.starts_with("several") && !second_name.starts_with("several") {
                assert!(next.token() > token, "{second_name} after {first_name}");
            }
            next.release().await.expect("it is held");
        }
    }
}

pub(crate) async fn red_excludes_only_red(stage: &Stage) {
    let masters: Vec<Server> = (0..3).map(|_| Server::start(stage.server().binary())).collect();
    masters.iter().for_each(Server::known_as_red_master);
    let connect =
        || stage.builder().red_masters(masters.iter().map(Server::url)).red_masters_keep_data().connect();
    let (here, there) = (connect().await.expect("it connects"), connect().await.expect("it connects"));
    let red = here.lock("a").red().acquire().await.expect("it is free");
    assert!(there.lock("a").red().try_acquire().await.expect("an answer").is_none());
    for (name, way, _) in WAYS {
        let beside = way(&there, "other").try_acquire().await.expect("an answer");
        beside.unwrap_or_else(|| panic!("{name} is kept out by red")).release().await.expect("it is held");
    }
    red.release().await.expect("it is held");
    let write = here.lock("a").write().acquire().await.expect("it is free");
    drop(there.lock("a").red().wait(PATIENCE).acquire().await.expect("it is free"));
    write.release().await.expect("it is held");
    let nothing_is_left = || masters.iter().all(|master| leftovers(master, "LOCK").is_empty());
    lock_tests::until_async(PATIENCE, "nothing is left on the masters", nothing_is_left).await;
}
