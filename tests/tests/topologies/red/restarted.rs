//! Masters that forget what they had granted.

use std::time::{Duration, Instant};

use lock_core::LockError;
use lock_tests::{Masters, leftovers, until_async};

use super::{PATIENCE, SLACK, acquire, on_each};

#[test]
fn masters_that_are_new_vote_after_the_longest_lease() {
    const MAX_LEASE: Duration = Duration::from_secs(1);
    on_each(async |binary| {
        let masters = Masters::never_seen(binary, 3);
        let start = Instant::now();
        // That masters keep their data says nothing of those that are new.
        let locks = masters.builder().red_masters_keep_data().red_max_lease(MAX_LEASE).connect().await;
        let locks = locks.expect("all answer");
        let once = |wait| locks.lock("a").red().expire(MAX_LEASE).wait(wait).acquire();
        let young = once(Duration::ZERO).await.expect_err("no master counts yet").to_string();
        assert!(young.contains("0 of 3 granted it, 0 busy, 3 unavailable"), "{young}");
        assert!(young.contains("it is not counted: it is new"), "{young}");
        once(PATIENCE).await.expect("they count after a while").release().await.expect("all answer");
        let took = start.elapsed();
        assert!(took >= MAX_LEASE && took < MAX_LEASE + SLACK, "{took:?}");
        masters.are_empty().await;
    });
}

/// Before the copy was made, the lock was free at master 0.
#[test]
fn a_master_that_was_started_with_an_old_copy_of_its_data_does_not_vote_for_a_second_holder() {
    const MAX_LEASE: Duration = Duration::from_secs(2);
    on_each(async |binary| {
        let masters = Masters::never_seen(binary, 3);
        let connect = || masters.builder().red_max_lease(MAX_LEASE).connect();
        let (here, there) = (connect().await.expect("all answer"), connect().await.expect("all answer"));
        let free = here.lock("a").red().expire(MAX_LEASE).wait(PATIENCE).acquire().await;
        free.expect("they count after a while").release().await.expect("all answer");
        masters.are_empty().await;
        masters.server(0).must(&["SAVE"]);
        masters.server(2).pause();
        let guard = here.lock("a").red().expire(MAX_LEASE).renew(false).acquire().await;
        let guard = guard.expect("two masters grant it");
        masters.server(0).restart();
        masters.server(2).resume();
        let restarted = Instant::now();
        let kept = masters.server(0).must(&["EXISTS", "LOCK:%born"]).integer();
        assert_eq!(kept, Some(1), "the copy has no marker");
        let next = there.lock("a").red().expire(MAX_LEASE).wait(PATIENCE).acquire().await;
        let next = next.expect("the masters count again");
        assert!(guard.is_lost(), "two holders, {:?} after the restart", restarted.elapsed());
        assert!(next.token() > guard.token(), "{} after {}", next.token(), guard.token());
        drop((guard, next));
        masters.are_empty().await;
    });
}

#[test]
fn a_master_that_keeps_its_data_votes_as_soon_as_it_is_up_again() {
    on_each(async |binary| {
        let masters = Masters::start(binary, 3);
        let locks = masters.manager().await;
        drop(acquire(&locks, PATIENCE).await.expect("all count"));
        masters.are_empty().await;
        for place in 0..2 {
            masters.server(place).must(&["SAVE"]);
            masters.server(place).restart();
        }
        let start = Instant::now();
        drop(acquire(&locks, PATIENCE).await.expect("all count"));
        assert!(start.elapsed() < SLACK, "{:?}", start.elapsed());
        masters.are_empty().await;
    });
}

/// The holder has masters 0 and 1, never reaches master 2, and renews nothing. Master 0 forgets; with master 2, which knows
/// nothing, it would be a majority for another while master 1 still says busy.
#[test]
fn a_master_that_was_restarted_empty_does_not_vote_for_a_second_holder() {
    const MAX_LEASE: Duration = Duration::from_secs(2);
    on_each(async |binary| {
        let masters = Masters::start(binary, 3);
        let proxies = masters.proxies();
        proxies[2].refuse(true);
        let here = masters.builder_through(&proxies).red_max_lease(MAX_LEASE).connect().await;
        let there = masters.builder().red_max_lease(MAX_LEASE).connect().await;
        let (here, there) = (here.expect("a majority answers"), there.expect("all answer"));
        // All three count for the others.
        let other = there.lock("b").red().expire(MAX_LEASE).wait(PATIENCE).acquire().await;
        let other = other.expect("they count after a while");
        until_async(PATIENCE, "all three count", || masters.who_have("b") == [0, 1, 2]).await;
        other.release().await.expect("all answer");
        let request = here.lock("a").red().expire(MAX_LEASE).renew(false).wait(PATIENCE);
        let guard = request.acquire().await.expect("two count by now");
        assert_eq!(masters.who_have("a"), [0, 1]);
        let taken = Instant::now();
        masters.server(0).restart_empty();
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
            assert!(
                second.is_none() || guard.is_lost(),
                "two holders, {:?} after the first",
                taken.elapsed()
            );
            assert!(taken.elapsed() < MAX_LEASE + SLACK, "nobody gets it");
        }
        assert!(with_two_alone > 0, "master 2 never voted without master 0");
        eprintln!(
            "on {}: {with_two_alone} times denied, the next after {:?}",
            binary.label(),
            taken.elapsed()
        );
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
