//! Masters that lose their data while they run.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime};

use lock_core::{LockError, LockManager};
use lock_tests::{Binary, Masters, Server, until_async};

use super::history::{History, work};
use super::{PATIENCE, SLACK, acquire, on_each};

fn flush(server: &Server) {
    server.must(&["FLUSHALL"]);
}

/// The holder has masters 0 and 1, never reaches master 2, and renews nothing. Master 0 forgets; with master 2, which knows
/// nothing, it would be a majority for another while master 1 still says busy.
#[test]
fn a_master_that_was_flushed_does_not_vote_for_a_second_holder() {
    const MAX_LEASE: Duration = Duration::from_secs(2);
    on_each(async |binary| {
        let masters = Masters::start(binary, 3);
        let proxies = masters.proxies();
        proxies[2].refuse(true);
        let here = masters.builder_through(&proxies).red_masters_keep_data().red_max_lease(MAX_LEASE);
        let there = masters.builder().red_masters_keep_data().red_max_lease(MAX_LEASE).connect().await;
        let (here, there) = (here.connect().await.expect("a majority answers"), there.expect("all answer"));
        let guard = here.lock("a").red().expire(MAX_LEASE).renew(false).acquire().await;
        let guard = guard.expect("two masters grant it");
        assert_eq!(masters.who_have("a"), [0, 1]);
        flush(masters.server(0));
        let flushed = Instant::now();
        let (mut with_two_alone, mut second) = (0, None);
        while second.is_none() {
            let request = there.lock("a").red().expire(MAX_LEASE).wait(Duration::ZERO);
            match request.acquire().await {
                Ok(taken) => second = Some(taken),
                // Master 2 grants it, master 1 says busy, and master 0 has no say.
                Err(LockError::Busy { votes: Some(votes), .. }) => {
                    with_two_alone += usize::from((votes.granted, votes.unavailable) == (1, 1));
                }
                Err(LockError::Unavailable { .. }) => {}
                Err(error) => panic!("{error}"),
            }
            let took = flushed.elapsed();
            assert!(second.is_none() || guard.is_lost(), "two holders, {took:?} after the flush");
            assert!(took < MAX_LEASE + SLACK, "nobody gets it");
        }
        assert!(with_two_alone > 0, "master 2 never voted without master 0");
        drop((guard, second));
        masters.are_empty().await;
    });
}

#[test]
fn flushing_one_of_three_again_and_again_makes_no_second_holder() {
    on_each(|binary| flushed_under_load(binary, 3, 1));
}

#[test]
fn flushing_two_of_five_again_and_again_makes_no_second_holder() {
    on_each(|binary| flushed_under_load(binary, 5, 2));
}

/// Others take the lock as fast as they can while so many masters are flushed every few milliseconds, now these and then those.
/// Nobody reaches more than a bare majority, and each of them another: so each master that forgets is all that stands between
/// two of them. The lock goes on all the time, for those who reach the masters that forget nothing.
async fn flushed_under_load(binary: &'static Binary, count: usize, minority: usize) {
    const MAX_LEASE: Duration = Duration::from_millis(300);
    let masters = Masters::start(binary, count);
    let some = |turn: usize| (0..minority).map(move |at| (turn + at * 2) % count);
    let (history, over) = (History::new(), Arc::new(AtomicBool::new(false)));
    let (mut workers, mut networks) = (Vec::new(), Vec::new());
    for group in 0..count {
        let network = masters.proxies();
        some(group).for_each(|place| network[place].refuse(true));
        let builder = masters.builder_through(&network).red_masters_keep_data().red_max_lease(MAX_LEASE);
        let locks = builder.connect().await.expect("a majority answers");
        networks.push(network);
        for task in 0..2 {
            let who = format!("{group}.{task}");
            workers.push(work(locks.clone(), MAX_LEASE, who, history.recorder(), Arc::clone(&over)));
        }
    }
    for turn in 0..count {
        let since = Instant::now();
        while since.elapsed() < Duration::from_secs(1) {
            some(turn).for_each(|place| flush(masters.server(place)));
            tokio::time::sleep(Duration::from_millis(7)).await;
        }
        // They vote again before others forget.
        while votes(&masters, MAX_LEASE) < count {
            tokio::time::sleep(Duration::from_millis(10)).await;
            assert!(since.elapsed() < PATIENCE, "the masters that were flushed do not count again");
        }
    }
    over.store(true, Ordering::SeqCst);
    let mut taken = 0;
    for worker in workers {
        taken += worker.await.expect("no panic");
    }
    let holds = history.right();
    eprintln!("on {}: {taken} holds while {minority} of {count} were flushed", binary.label());
    assert_eq!(holds.len(), taken);
    assert!(taken > 20, "the lock stood still: {taken} holds");
    masters.are_empty().await;
}

/// How many masters would vote now.
fn votes(masters: &Masters, max_lease: Duration) -> usize {
    let now = SystemTime::UNIX_EPOCH.elapsed().expect("after 1970").as_millis();
    let since = |place| masters.server(place).must(&["ZRANGE", "LOCK:%born", "0", "0", "WITHSCORES"]);
    let long_ago = |since: &str| since.parse::<u128>().is_ok_and(|it| it + max_lease.as_millis() <= now);
    (0..masters.urls().len())
        .filter(|place| since(*place).items().get(1).and_then(|value| value.text()).is_some_and(long_ago))
        .count()
}

#[test]
fn all_masters_flushed_at_once_make_no_second_holder() {
    const MAX_LEASE: Duration = Duration::from_secs(1);
    on_each(async |binary| {
        let masters = Masters::start(binary, 3);
        let connect = || masters.builder().red_masters_keep_data().red_max_lease(MAX_LEASE).connect();
        let (here, there) = (connect().await.expect("all answer"), connect().await.expect("all answer"));
        let request = here.lock("a").red().expire(MAX_LEASE).renew(false);
        let guard = request.acquire().await.expect("it is free");
        (0..3).for_each(|place| flush(masters.server(place)));
        let next = there.lock("a").red().expire(MAX_LEASE).wait(PATIENCE).acquire().await;
        let next = next.expect("the masters count again");
        assert!(guard.is_lost(), "two holders");
        assert!(next.token() > guard.token(), "{} after {}", next.token(), guard.token());
        drop((guard, next));
        masters.are_empty().await;
    });
}

/// Each namespace has leases of its own to forget.
#[test]
fn a_master_counts_for_each_namespace_by_itself() {
    on_each(async |binary| {
        let masters = Masters::start(binary, 3);
        let max_lease = Duration::from_secs(1);
        let connect = |namespace: &'static str| {
            let builder = masters.builder().namespace(namespace);
            builder.red_masters_keep_data().red_max_lease(max_lease).connect()
        };
        let known = connect("LOCK").await.expect("all answer");
        let new = connect("SHOP").await.expect("all answer");
        // From the first look on, not only from the first lock.
        let seen = |place| masters.server(place).must(&["EXISTS", "SHOP:%born"]).integer();
        assert_eq!([0, 1, 2].map(seen), [Some(1); 3]);
        let once =
            |locks: &LockManager| locks.lock("a").red().expire(max_lease).wait(Duration::ZERO).acquire();
        drop(once(&known).await.expect("it is known there"));
        let error = once(&new).await.expect_err("it is new there").to_string();
        assert!(
            error.contains("0 of 3 granted it") && error.contains("it is not counted: it is new"),
            "{error}"
        );
        let patient = new.lock("a").red().expire(max_lease).wait(PATIENCE).acquire().await;
        drop(patient.expect("it counts after the longest lease"));
        masters.are_empty().await;
    });
}

#[test]
fn a_marker_of_another_program_is_named_and_left_alone() {
    on_each(async |binary| {
        let masters = Masters::start(binary, 3);
        let locks = masters.manager().await;
        let others: [&[&str]; 3] = [
            &["SET", "LOCK:%born", "yesterday"],
            &["ZADD", "LOCK:%born", "1", "nobody's"],
            &["ZADD", "LOCK:%born", "1", "1Mabc", "2", "1Mdef"],
        ];
        for other in others {
            for place in [0, 2] {
                masters.server(place).must(&["DEL", "LOCK:%born"]);
                masters.server(place).must(other);
            }
            let before = masters.server(0).must(&["DUMP", "LOCK:%born"]);
            let error = acquire(&locks, Duration::ZERO).await.expect_err("a majority does not count");
            let text = error.to_string();
            assert!(matches!(error, LockError::Unavailable { .. }), "{text}");
            assert!(text.contains("its key LOCK:%born holds data of another program"), "{text}");
            assert_eq!(masters.server(0).must(&["DUMP", "LOCK:%born"]), before, "it was changed");
            for place in [0, 2] {
                masters.server(place).known_as_red_master();
            }
            drop(acquire(&locks, PATIENCE).await.expect("all count again"));
            masters.are_empty().await;
        }
    });
}

/// As after a clock that was ahead and was corrected: the master is out for one longest lease, not until that time.
#[test]
fn a_marker_of_the_future_costs_one_longest_lease() {
    const MAX_LEASE: Duration = Duration::from_secs(1);
    on_each(async |binary| {
        let masters = Masters::start(binary, 3);
        let locks = masters.builder().red_masters_keep_data().red_max_lease(MAX_LEASE).connect().await;
        let locks = locks.expect("all answer");
        let life = masters.server(0).must(&["ZRANGE", "LOCK:%born", "0", "0"]).items()[0].clone();
        let life = life.text().expect("a text").to_owned();
        masters.server(0).must(&["ZADD", "LOCK:%born", "4102444800000", &life]);
        masters.server(1).pause();
        let start = Instant::now();
        let once = || locks.lock("a").red().expire(MAX_LEASE).wait(Duration::ZERO).acquire();
        let error = once().await.expect_err("two of three do not count");
        assert!(matches!(error, LockError::Unavailable { .. }), "{error}");
        let guard = locks.lock("a").red().expire(MAX_LEASE).wait(PATIENCE).acquire().await;
        guard.expect("it counts again").release().await.expect("a majority answers");
        let took = start.elapsed();
        assert!(took >= MAX_LEASE && took < MAX_LEASE + SLACK, "{took:?}");
        masters.server(1).resume();
        masters.are_empty().await;
    });
}

#[test]
fn what_was_deleted_by_an_operator_is_waited_for_by_a_repair_too() {
    const MAX_LEASE: Duration = Duration::from_secs(1);
    on_each(async |binary| {
        let masters = Masters::start(binary, 3);
        let locks = masters.builder().red_masters_keep_data().red_max_lease(MAX_LEASE).connect().await;
        let locks = locks.expect("all answer");
        let guard = locks.lock("a").red().expire(MAX_LEASE).acquire().await.expect("it is free");
        until_async(PATIENCE, "all three have it", || masters.who_have("a").len() == 3).await;
        let flushed = Instant::now();
        flush(masters.server(1));
        until_async(PATIENCE, "the flushed master has it again", || {
            assert!(!guard.is_lost(), "the other two hold");
            masters.who_have("a").contains(&1)
        })
        .await;
        assert!(flushed.elapsed() >= MAX_LEASE, "it counts only when leases of before are over");
        guard.release().await.expect("all answer");
        masters.are_empty().await;
    });
}
