//! Getting back a part that a master does not have.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime};

use lock_tests::{Masters, until_async};

use super::history::{History, contend};
use super::{PATIENCE, acquire, on_each};

/// The holder has masters 1 and 2 when 2 stands still, and 0 can be reached from then on. Others have 0 nearly all the time,
/// each while it waits for master 2: who only tried now and then would not get it before the lease is over.
#[test]
fn a_part_is_got_back_in_time_although_others_want_it_all_the_time() {
    const LEASE: Duration = Duration::from_secs(3);
    on_each(async |binary| {
        let masters = Masters::start(binary, 3);
        let proxies = masters.proxies();
        let here = masters.builder_through(&proxies).red_masters_keep_data().connect().await;
        let (here, there) = (here.expect("all answer"), masters.manager().await);
        proxies[0].refuse(true);
        proxies[0].cut();
        let guard = here.lock("a").red().expire(LEASE).acquire().await.expect("a majority answers");
        let (history, over) = (History::new(), Arc::new(AtomicBool::new(false)));
        let contender = contend(there, LEASE, history.recorder(), Arc::clone(&over));
        until_async(PATIENCE, "others try", || masters.who_have("a").contains(&0)).await;
        masters.server(2).pause();
        let frozen = Instant::now();
        proxies[0].refuse(false);
        while frozen.elapsed() < LEASE + LEASE / 3 {
            assert!(!guard.is_lost(), "lost after {:?}, though two masters answer", frozen.elapsed());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        over.store(true, Ordering::SeqCst);
        assert!(contender.await.expect("no panic") > 0, "nobody else wanted it");
        assert_eq!(history.first_of_contender(), None, "two holders");
        guard.release().await.expect("a majority answers");
        masters.server(2).resume();
        masters.are_empty().await;
    });
}

/// The holder's fence is an hour ahead of all clocks. Master 2 gives its part later, and of the two that have known the fence one
/// loses its data and the other is away: what the part was told is all that is left.
#[test]
fn a_part_that_was_got_back_knows_the_fence() {
    on_each(async |binary| {
        let masters = Masters::start(binary, 3);
        let locks = masters.manager().await;
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("after 1970");
        let ahead = (now + Duration::from_secs(3600)).as_micros().to_string();
        masters.server(0).must(&["SET", "LOCK:%fence", &ahead]);
        masters.server(2).pause();
        let request = locks.lock("a").red().expire(Duration::from_secs(1));
        let guard = request.acquire().await.expect("a majority answers");
        masters.server(2).resume();
        masters.all_renew("a").await;
        let token = guard.token();
        guard.release().await.expect("all answer");
        masters.are_empty().await;
        masters.server(1).must(&["FLUSHALL"]);
        masters.server(1).known_as_red_master();
        masters.server(0).pause();
        let next = acquire(&locks, PATIENCE).await.expect("two masters count");
        assert!(next.token() > token, "{} after {token}", next.token());
        drop(next);
        masters.server(0).resume();
        masters.are_empty().await;
    });
}
