//! Masters that forget what they had granted.

use std::time::{Duration, Instant};

use lock_core::LockError;
use lock_tests::{Masters, leftovers, until_async};

use super::{PATIENCE, on_each};

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
