//! What a process has dropped last.

use std::time::{Duration, Instant};

use lock_tests::{Proxy, Server, each_server, leftovers};

use crate::taker::{Orders, Taker, history};

/// As often as some of them were left before.
const TIMES: usize = 40;

/// Ends right after it has dropped a guard.
const DROPS: Orders<'static> =
    Orders { expire: Duration::from_secs(60), drops: Some("main"), ..Orders::ONCE };

#[test]
fn a_guard_that_is_dropped_as_the_process_ends_is_freed() {
    each_server(|binary| {
        let server = Server::start(binary);
        let (_folder, file) = history();
        for place in ["main", "thread"] {
            let freed = std::iter::repeat_with(|| {
                let mut taker = Taker::start(&server, &file, Orders { drops: Some(place), ..DROPS });
                taker.ends_well();
                let left = leftovers(&server, "LOCK");
                server.must(&["DEL", "LOCK:hot"]);
                left.is_empty()
            });
            let freed = freed.take(TIMES).filter(|freed| *freed).count();
            assert_eq!(freed, TIMES, "dropped in {place}");
        }
    });
}

#[test]
fn a_process_does_not_stay_for_a_server_that_says_nothing() {
    each_server(|binary| {
        let server = Server::start(binary);
        let proxy = Proxy::start(server.address(), 1);
        let (_folder, file) = history();
        let hold = Duration::from_millis(500);
        let mut taker =
            Taker::start_at(&server.url_through(proxy.address()), &file, Orders { hold, ..DROPS });
        taker.says("held");
        proxy.black_hole(true);
        let start = Instant::now();
        taker.ends_well();
        assert!(start.elapsed() < hold + Duration::from_secs(2), "{:?}", start.elapsed());
        assert_eq!(leftovers(&server, "LOCK"), ["LOCK:hot"]);
        server.must(&["DEL", "LOCK:hot"]);
    });
}
