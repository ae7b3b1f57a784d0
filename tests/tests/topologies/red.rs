//! Red locks: independent masters that freeze, die, forget and come back.

use std::time::{Duration, Instant, SystemTime};

use lock_core::{Held, LockError, LockGuard, LockManager, distributed_lock};
use lock_tests::{
    Binary, Masters, Recorder, Scratch, check, each_server, leftovers, now_ns, read, until_async,
};

const PATIENCE: Duration = Duration::from_secs(30);
/// How long a busy machine may need for what takes a few milliseconds.
const SLACK: Duration = Duration::from_secs(2);

/// Runs `test` on every server that is found, on a runtime of its own.
#[track_caller]
fn on_each<F: Future<Output = ()>>(test: impl Fn(&'static Binary) -> F + Sync) {
    each_server(|binary| {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        let test = async { tokio::time::timeout(Duration::from_secs(120), test(binary)).await };
        runtime.expect("a runtime").block_on(test).expect("it hangs");
    });
}

async fn acquire(locks: &LockManager, wait: Duration) -> Result<LockGuard, LockError> {
    locks.lock("a").red().wait(wait).acquire().await
}

#[distributed_lock(prefix = "order", key = "id", kind = "red", locks = locks)]
async fn annotated(locks: &LockManager, id: u64) -> Result<(bool, Vec<String>), LockError> {
    let others = locks.lock(("order", id)).red().wait(Duration::ZERO);
    // In a task of its own, so that it is not nested.
    let busy = tokio::spawn(others.acquire()).await.expect("no panic").is_err_and(|error| error.is_busy());
    let names = Held::current().expect("inside").names();
    Ok((busy, names.iter().map(ToString::to_string).collect()))
}

#[test]
fn a_red_lock_is_taken_on_all_masters_and_leaves_nothing() {
    on_each(|binary| async move {
        let masters = Masters::start(binary, 3);
        let locks = masters.manager().await;
        let (busy, names) = annotated(&locks, 42).await.expect("it is free");
        assert!(busy);
        assert_eq!(names, ["LOCK:order:42"]);
        masters.are_empty().await;
        let guard = acquire(&locks, PATIENCE).await.expect("it is free");
        until_async(PATIENCE, "all three have it", || masters.leftovers().len() == 3).await;
        drop(guard);
        masters.are_empty().await;
    });
}

#[test]
fn who_waits_in_vain_is_told_that_it_is_busy() {
    on_each(|binary| async move {
        let masters = Masters::start(binary, 3);
        let (here, there) = (masters.manager().await, masters.manager().await);
        let held = acquire(&there, PATIENCE).await.expect("it is free");
        // Up to the last moment: an attempt that the end of the wait cuts short says nothing of its own.
        for wait in [0, 300, 1_000, 1_700].map(Duration::from_millis) {
            let start = Instant::now();
            let error = acquire(&here, wait).await.expect_err("it is held");
            assert!(start.elapsed() < wait + SLACK, "{:?}", start.elapsed());
            assert!(error.is_busy(), "{wait:?}: {error:?}");
        }
        held.release().await.expect("it is held");
        masters.are_empty().await;
    });
}

#[test]
fn a_frozen_minority_is_not_waited_for() {
    on_each(|binary| async move {
        let masters = Masters::start(binary, 3);
        let locks = masters.manager().await;
        for place in 0..3 {
            masters.server(place).pause();
            let start = Instant::now();
            let guard = acquire(&locks, PATIENCE).await.expect("a majority answers");
            guard.release().await.expect("a majority answers");
            let took = start.elapsed();
            assert!(took < SLACK, "{took:?} with a frozen master");
            eprintln!("on {}: {took:?} to acquire and release, master {place} frozen", binary.label());
            masters.server(place).resume();
            masters.are_empty().await;
        }
    });
}

#[test]
fn a_frozen_majority_is_unavailable_by_the_deadline_and_leaves_nothing() {
    on_each(|binary| async move {
        let masters = Masters::start(binary, 3);
        let locks = masters.manager().await;
        masters.server(0).pause();
        masters.server(1).pause();
        let start = Instant::now();
        let wait = Duration::from_secs(1);
        let error = acquire(&locks, wait).await.expect_err("no majority answers");
        let took = start.elapsed();
        assert!(matches!(error, LockError::Unavailable { .. }), "{error}");
        let text = error.to_string();
        assert!(text.contains("1 of 3 granted it, 0 busy, 2 unavailable"), "{text}");
        assert!(text.contains("no answer within"), "{text}");
        assert!(took >= wait && took < wait + SLACK, "{took:?}");
        until_async(PATIENCE, "what the third had granted is given back", || {
            leftovers(masters.server(2), "LOCK").is_empty()
        })
        .await;
        masters.server(0).resume();
        masters.server(1).resume();
        masters.are_empty().await;
        drop(acquire(&locks, PATIENCE).await.expect("all answer again"));
    });
}

#[test]
fn fifty_clients_that_split_the_votes_exclude_each_other_and_all_get_their_turn() {
    on_each(|binary| async move {
        let masters = Masters::start(binary, 3);
        let folder = Scratch::new();
        let file = folder.path().join("history");
        let mut managers = Vec::new();
        for _ in 0..10 {
            managers.push(masters.manager().await);
        }
        let start = Instant::now();
        let clients = (0..50).map(|client: usize| {
            let locks = managers[client % 10].clone();
            let recorder = Recorder::append(&file).expect("a history can be written");
            tokio::spawn(async move {
                let guard =
                    acquire(&locks, Duration::from_secs(100)).await.expect("everybody gets it in the end");
                let hold = recorder.took("LOCK:a", &client.to_string(), guard.token());
                for _ in 0..3 {
                    tokio::task::yield_now().await;
                    let now = now_ns();
                    assert!(!guard.is_lost());
                    hold.valid_at(now);
                }
                guard.release().await.expect("a majority answers");
            })
        });
        for client in clients.collect::<Vec<_>>() {
            client.await.expect("no panic");
        }
        let holds = read(&file).expect("a history can be read");
        assert_eq!(holds.len(), 50);
        assert_eq!(check(&holds), []);
        eprintln!("on {}: fifty clients in {:?}", binary.label(), start.elapsed());
        masters.are_empty().await;
    });
}

/// A majority that shares one master with the one before must draw above it, whatever its other masters' counters say.
#[test]
fn tokens_rise_over_alternating_majorities() {
    on_each(|binary| async move {
        let masters = Masters::start(binary, 3);
        let locks = masters.manager().await;
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("after 1970");
        // One master's numbers are an hour ahead: without the write-back only majorities with it would count so far.
        let ahead = (now + Duration::from_secs(3600)).as_micros().to_string();
        masters.server(0).must(&["SET", "LOCK:%fence", &ahead]);
        let mut last = 0;
        for away in [2, 0, 1, 2, 0, 2, 1, 0] {
            masters.server(away).pause();
            let guard = acquire(&locks, PATIENCE).await.expect("a majority answers");
            assert!(guard.token() > last, "without master {away}: {} after {last}", guard.token());
            last = guard.token();
            guard.release().await.expect("a majority answers");
            masters.server(away).resume();
            masters.are_empty().await;
        }
    });
}

#[test]
fn a_release_reaches_a_master_that_was_silent_meanwhile() {
    on_each(|binary| async move {
        let masters = Masters::start(binary, 3);
        let locks = masters.manager().await;
        let guard =
            locks.lock("a").red().expire(Duration::from_secs(30)).acquire().await.expect("it is free");
        until_async(PATIENCE, "all three have it", || masters.leftovers().len() == 3).await;
        masters.server(1).pause();
        let start = Instant::now();
        guard.release().await.expect("a majority answers");
        assert!(start.elapsed() < SLACK, "the silent one is not waited for: {:?}", start.elapsed());
        masters.server(1).resume();
        // Long before its lease is over.
        masters.are_empty().await;
    });
}

/// The holder has masters 0 and 1. Master 0 forgets; with master 2, which knows nothing, it would be a majority for another.
#[test]
fn a_master_that_was_restarted_empty_does_not_vote_for_a_second_holder() {
    const MAX_LEASE: Duration = Duration::from_secs(2);
    on_each(|binary| async move {
        let masters = Masters::start(binary, 3);
        let connect = || masters.builder().red_max_lease(MAX_LEASE).connect();
        let (here, there) = (connect().await.expect("all answer"), connect().await.expect("all answer"));
        let young = here.lock("a").red().expire(MAX_LEASE).wait(Duration::ZERO).acquire().await;
        let young = young.expect_err("no master counts yet").to_string();
        assert!(young.contains("it is not counted: it was started"), "{young}");
        masters.server(2).pause();
        let guard = here.lock("a").red().expire(MAX_LEASE).wait(PATIENCE).acquire().await;
        let guard = guard.expect("two count by now");
        masters.server(0).restart_empty();
        masters.server(2).resume();
        let start = Instant::now();
        let (mut denied, mut second) = (0, None);
        while start.elapsed() < MAX_LEASE * 3 && second.is_none() {
            let taken = there.lock("a").red().expire(MAX_LEASE).wait(Duration::ZERO).acquire().await;
            match taken {
                Ok(taken) => {
                    assert!(guard.is_lost(), "two holders");
                    second = Some(taken);
                }
                Err(error) => {
                    assert!(
                        matches!(error, LockError::Busy { .. } | LockError::Unavailable { .. }),
                        "{error}"
                    );
                    denied += 1;
                }
            }
        }
        assert!(denied > 0);
        drop((guard, second));
        masters.are_empty().await;
    });
}

#[test]
fn a_part_that_was_lost_is_got_back_while_the_others_hold() {
    const MAX_LEASE: Duration = Duration::from_secs(1);
    on_each(|binary| async move {
        let masters = Masters::start(binary, 3);
        let connect = || masters.builder().red_max_lease(MAX_LEASE).connect();
        let (here, there) = (connect().await.expect("all answer"), connect().await.expect("all answer"));
        let guard = here.lock("a").red().expire(MAX_LEASE).wait(PATIENCE).acquire().await;
        let guard = guard.expect("the masters count after a while");
        until_async(PATIENCE, "all three have it", || masters.leftovers().len() == 3).await;
        let has_it = |place: usize| !leftovers(masters.server(place), "LOCK").is_empty();
        for place in 0..3 {
            masters.server(place).restart_empty();
            let start = Instant::now();
            until_async(PATIENCE, "the restarted master has it again", || {
                assert!(!guard.is_lost(), "the other two hold");
                has_it(place)
            })
            .await;
            assert!(start.elapsed() >= MAX_LEASE, "it counts only when leases of before are over");
            eprintln!("on {}: master {place} repaired after {:?}", binary.label(), start.elapsed());
            let error = there.lock("a").red().expire(MAX_LEASE).wait(Duration::ZERO).acquire().await;
            assert!(error.is_err(), "it is held");
            // The holder counts on it before the next one forgets: it renews what it has taken in.
            let record = || masters.server(place).command(&["ZRANGE", "LOCK:a", "0", "-1", "WITHSCORES"]);
            let first = record();
            until_async(PATIENCE, "the part is renewed", || record() != first).await;
        }
        guard.release().await.expect("all answer");
        masters.are_empty().await;
    });
}

#[test]
fn connecting_takes_a_majority_and_the_others_come_later() {
    on_each(|binary| async move {
        let masters = Masters::start(binary, 3);
        masters.server(2).kill();
        let locks = masters.manager().await;
        let guard = acquire(&locks, PATIENCE).await.expect("a majority is there");
        masters.server(2).restart();
        until_async(PATIENCE, "the third has it too", || !leftovers(masters.server(2), "LOCK").is_empty())
            .await;
        guard.release().await.expect("all answer");
        masters.are_empty().await;
        masters.server(1).kill();
        masters.server(2).kill();
        let error = masters.builder().connect().await.expect_err("one of three is no majority");
        let text = error.to_string();
        assert!(matches!(error, LockError::Connect { .. }), "{text}");
        assert!(text.contains("1 of 3 red masters answered, and 2 are needed"), "{text}");
    });
}

#[test]
fn two_names_of_one_server_are_refused() {
    on_each(|binary| async move {
        let masters = Masters::start(binary, 2);
        let twice = masters.server(0).url().replace("127.0.0.1", "localhost");
        let urls = [masters.server(0).url(), masters.server(1).url(), twice];
        let error = LockManager::builder().red_masters(urls).connect().await.expect_err("two are one server");
        let text = error.to_string();
        assert!(matches!(error, LockError::Config { .. }), "{text}");
        assert!(text.contains("the same server as red master number"), "{text}");
    });
}

#[test]
fn red_stands_beside_a_server_of_its_own_and_they_know_nothing_of_each_other() {
    on_each(|binary| async move {
        let masters = Masters::start(binary, 3);
        let locks =
            masters.builder().red_masters_keep_data().url("memory:").connect().await.expect("all answer");
        let red = acquire(&locks, PATIENCE).await.expect("it is free");
        let plain =
            locks.lock("a").try_acquire().await.expect("it answers").expect("red is on other servers");
        plain.release().await.expect("it answers");
        let report = locks.shutdown(Duration::ZERO).await;
        assert_eq!(report.still_held, [red.name().clone()], "once, though on three masters");
        assert!(red.is_lost());
    });
}
